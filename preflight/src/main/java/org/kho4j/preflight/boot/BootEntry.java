package org.kho4j.preflight.boot;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A boot entry of a host, with the kernel, command line and initrd that {@code systemctl kexec}
 * loads.
 *
 * @param id name of its file
 * @param kernel the kernel, or the unified kernel image
 * @param options the command line; empty where the entry has none
 * @param initrdBytes of all its initrds; empty where the entry has none
 * @param notes the reason of the choice, and other remarks
 */
public record BootEntry(
    String id,
    Path kernel,
    Optional<String> options,
    Optional<Long> initrdBytes,
    List<String> notes) {

  public BootEntry {
    notes = List.copyOf(notes);
  }
}
