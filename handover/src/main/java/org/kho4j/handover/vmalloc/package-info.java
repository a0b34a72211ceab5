/**
 * The kernel's {@code kho_vmalloc}: the descriptor, the walk over the chunks and their writer, and
 * the area for reading and for its owner.
 */
package org.kho4j.handover.vmalloc;
