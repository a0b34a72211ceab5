package org.kho4j.preflight.host;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.SetupData;
import org.kho4j.handover.boot.BootData;

/**
 * Reads the boot record that this boot received: x86-64's from sysfs, arm64's from the device tree.
 */
final class GivenRecord {

  private static final String SETUP_DATA = "sys/kernel/boot_params/setup_data";
  private static final String CHOSEN = "proc/device-tree/chosen/";
  private static final String FDT = CHOSEN + "linux,kho-fdt";
  private static final String SCRATCH = CHOSEN + "linux,kho-scratch";

  private GivenRecord() {}

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
    Optional<byte[]> fdt = files.bytes(FDT);
    Optional<byte[]> scratch = files.bytes(SCRATCH);
    if (fdt.isEmpty() || scratch.isEmpty()) {
      return Optional.empty();
    }
    ByteBuffer fdtCells = cells(files, FDT, fdt.get());
    ByteBuffer scratchCells = cells(files, SCRATCH, scratch.get());
    return Optional.of(
        new BootData(
            fdtCells.getLong(),
            fdtCells.getLong(),
            scratchCells.getLong(),
            scratchCells.getLong()));
  }

  /** Returns an address and a size of two cells each: a device tree is big-endian. */
  private static ByteBuffer cells(HostFiles files, String place, byte[] bytes) throws IOException {
    if (bytes.length != 2 * Long.BYTES) {
      throw files.broken(place, "has %d bytes, not 16".formatted(bytes.length));
    }
    return ByteBuffer.wrap(bytes);
  }
}
