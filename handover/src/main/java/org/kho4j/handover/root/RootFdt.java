package org.kho4j.handover.root;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.boot.BootRecord;

/**
 * A root FDT that was found in memory.
 *
 * @param address of its page
 * @param totalSize bytes of the blob
 * @param tree its nodes
 * @param compatible the string that names the version, known or not
 * @param bootRecord the boot record with its address, if it was found
 */
public record RootFdt(
    long address,
    long totalSize,
    FdtNode tree,
    String compatible,
    Optional<BootRecord> bootRecord) {

  RootFdt withBootRecord(@Nullable BootRecord record) {
    return new RootFdt(address, totalSize, tree, compatible, Optional.ofNullable(record));
  }
}
