/**
 * Flattened Device Trees, version 17. {@link Fdt} reads a blob strictly, {@link FdtBuilder} writes
 * one as libfdt does, {@link FdtEditor} changes one in place.
 */
package org.kho4j.fdt;
