/**
 * The kernel's {@code kho_vmalloc}: the descriptor, the one walk over the chunks and their writer,
 * and the area as its reader and as its owner have it.
 */
package org.kho4j.handover.vmalloc;
