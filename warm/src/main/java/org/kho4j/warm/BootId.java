package org.kho4j.warm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The id of the kernel's boot under which the last owner ran: locks end with a kernel, the epoch
 * does not.
 */
final class BootId {

  private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

  private BootId() {}

  /** Stores this kernel's boot id; zero if it cannot be read. */
  static void write(StoreMemory memory) {
    UUID id = new UUID(0, 0);
    try {
      id = UUID.fromString(Files.readString(FILE).strip());
    } catch (IOException | IllegalArgumentException _) {
      // the boot id only shows a reader how the last owner ended
    }
    memory.put(StoreLayout.BOOT_ID_AT, id.getMostSignificantBits());
    memory.put(StoreLayout.BOOT_ID_AT + Long.BYTES, id.getLeastSignificantBits());
  }
}
