package org.kho4j.preflight.host;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.SetupData;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.handover.wire.HandoverException;

/**
 * Reads the boot record that this boot received: x86-64's from sysfs, arm64's from the device tree
 * of the boot loader or of kexec. With ACPI, arm64 shows only the flattened tree (Linux 7.3).
 */
final class GivenRecord {

  private static final String BOOT_PARAMETERS = "sys/kernel/boot_params";
  private static final String SETUP_DATA = BOOT_PARAMETERS + "/setup_data";
  private static final String TREE = "proc/device-tree/";
  private static final String CHOSEN = TREE + "chosen/";
  private static final String FLATTENED = "sys/firmware/fdt";

  private GivenRecord() {}

  /** Returns whether the host shows what would have the record. */
  static boolean isVisible(HostFiles files) throws IOException {
    return files.names(BOOT_PARAMETERS).isPresent()
        || files.names(CHOSEN).isPresent()
        || files.bytes(FLATTENED).isPresent();
  }

  static Optional<BootData> read(HostFiles files) throws IOException {
    for (String number : files.names(SETUP_DATA).orElse(List.of())) {
      String place = SETUP_DATA + "/" + number;
      Optional<String> type = files.text(place + "/type");
      if (type.isEmpty() || !type.get().equals("0x%x".formatted(SetupData.TYPE_KEXEC_KHO))) {
        continue;
      }
      Optional<byte[]> content = files.bytes(place + "/data");
      if (content.isPresent()) {
        if (content.get().length != BootData.CONTENT_BYTES) {
          throw files.broken(
              place + "/data",
              "has %d bytes, not %d".formatted(content.get().length, BootData.CONTENT_BYTES));
        }
        return Optional.of(BootData.ofContent(MemorySegment.ofArray(content.get())));
      }
    }
    if (files.names(CHOSEN).isPresent()) {
      FdtNode chosen =
          new FdtNode("chosen", properties(files, CHOSEN, ChosenNode.PROPERTIES), List.of());
      List<FdtProperty> cells = properties(files, TREE, ChosenNode.CELLS);
      return of(files, CHOSEN, new FdtNode("", cells, List.of(chosen)));
    }
    Optional<byte[]> flattened = files.bytes(FLATTENED);
    if (flattened.isEmpty()) {
      return Optional.empty();
    }
    try {
      return of(files, FLATTENED, Fdt.read(MemorySegment.ofArray(flattened.get())));
    } catch (FdtException e) {
      throw files.broken(FLATTENED, String.valueOf(e.getMessage()));
    }
  }

  private static Optional<BootData> of(HostFiles files, String place, FdtNode root)
      throws IOException {
    try {
      return ChosenNode.read(root);
    } catch (HandoverException e) {
      throw files.broken(place, e.problem());
    }
  }

  private static List<FdtProperty> properties(HostFiles files, String node, List<String> names)
      throws IOException {
    List<FdtProperty> found = new ArrayList<>();
    for (String name : names) {
      files.bytes(node + name).ifPresent(value -> found.add(FdtProperty.ofBytes(name, value)));
    }
    return found;
  }
}
