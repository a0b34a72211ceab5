package org.kho4j.cli.author;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.Limits;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.author.Spec.Range;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.boot.BootData;

/**
 * The authored image, for callers that continue with it.
 *
 * @param ram the file
 * @param deviceTree the file with arm64's boot record
 * @param bootImage the copy of a bzImage that names x86-64's boot record
 * @param notes what is written as wanted, and may still be in a kernel's way
 */
record AuthoredImage(
    Spec spec,
    Layout layout,
    Author.AuthoredBoot written,
    Path ram,
    Optional<Path> deviceTree,
    Optional<Path> bootImage,
    List<String> notes) {

  /** Real mode, QEMU's copy of the kernel's file, and where a kernel is unpacked by default. */
  private static final long LOW = 16 << 20;

  /** The lowest address at which QEMU's machines leave room for devices. */
  private static final long PCI_HOLE = 0xb000_0000L;

  BootData boot() {
    return written.boot();
  }

  OptionalLong setupData() {
    return written.setupData();
  }

  /** Returns notes about data that may be in a kernel's way. */
  static List<String> notes(Spec spec, Layout layout, Optional<BootImage> kernel) {
    List<String> notes = new ArrayList<>();
    for (Range scratch : spec.scratch()) {
      long alignment = Limits.scratchAlignment(spec.pageSize());
      if (scratch.range().address() % alignment != 0 || scratch.range().length() % alignment != 0) {
        notes.add(
            "scratch region %s is not aligned to %s, as those of Linux are since 7.2"
                .formatted(scratch.range(), Units.size(alignment)));
      }
    }
    if (spec.arch() == Arch.X86_64) {
      if (layout.lowest() < LOW) {
        notes.add(
            "a structure is at 0x%x: QEMU and the kernel's loader write to the first 16 MiB"
                .formatted(layout.lowest()));
      } else if (kernel.isPresent() && layout.lowest() < kernel.get().kernel().end()) {
        notes.add(
            "a structure is at 0x%x: %s is unpacked to %s"
                .formatted(layout.lowest(), kernel.get().path(), kernel.get().kernel()));
      }
      if (layout.highest() > spec.memory().range().end() - Pool.FIRMWARE) {
        notes.add(
            "a structure is below 0x%x: QEMU's firmware writes to the last %s of memory"
                .formatted(layout.highest(), Units.size(Pool.FIRMWARE)));
      }
      if (spec.memory().range().end() >= PCI_HOLE) {
        notes.add(
            "memory of %s: QEMU's PCs have a gap for devices below 4 GiB, so that the RAM file of"
                    .formatted(Units.size(spec.memory().range().length()))
                + " a large guest is not flat");
      }
    }
    return notes;
  }
}
