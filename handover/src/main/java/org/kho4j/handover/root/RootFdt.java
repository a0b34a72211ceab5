package org.kho4j.handover.root;

import org.kho4j.fdt.FdtNode;

/**
 * A root FDT that was found in memory.
 *
 * @param address of its page
 * @param totalSize bytes of the blob
 * @param tree its nodes
 * @param compatible the string that names the version, known or not
 */
public record RootFdt(long address, long totalSize, FdtNode tree, String compatible) {}
