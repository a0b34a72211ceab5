/** Named reservations, as in {@code reserve_mem=}: the kernel's memblock as a client. */
package org.kho4j.handover.memblock;
