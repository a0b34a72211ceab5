/** The areas of {@code kho_vmalloc}: descriptor, chunks and blocks. */
package org.kho4j.verify.vmalloc;
