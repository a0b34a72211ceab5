package org.kho4j.preflight.image;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.PageSize;
import org.kho4j.memory.MalformedImageException;
import org.kho4j.memory.mapped.MappedFile;
import org.kho4j.preflight.btf.Btf;

/** Reads kernel images. */
public final class KernelImages {

  private KernelImages() {}

  /**
   * Reads what a kernel image says about itself. The kind of file is found by content: bzImage,
   * arm64 Image, vmlinux.efi (zboot), vmlinux, BTF.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if it is no kernel image that is known, or is cut off or
   *     damaged; the message names the file and the place in it
   * @throws IOException if it cannot be read
   */
  public static KernelImage read(Path path) throws IOException {
    try (MappedFile file = MappedFile.open(path)) {
      MemorySegment bytes = file.bytes();
      if (ElfFile.matches(bytes)) {
        return vmlinux(path, bytes);
      }
      if (BtfReading.matches(bytes)) {
        return BtfReading.alone(path, bytes);
      }
      throw new MalformedImageException(
          path + " is no kernel image: neither bzImage, Image, zboot, vmlinux nor BTF");
    }
  }

  private static KernelImage vmlinux(Path path, MemorySegment bytes) throws IOException {
    ElfFile elf = ElfFile.read(bytes, path.toString());
    List<Region> regions =
        elf.sections().stream()
            .filter(section -> section.loaded() && section.inFile() && !isCode(section.name()))
            .map(ElfFile.Section::region)
            .toList();
    StringScan scan = new StringScan(bytes);
    regions.forEach(scan::scan);
    Optional<Btf> btf = Optional.empty();
    Optional<ElfFile.Section> section = elf.section(".BTF");
    if (section.isPresent()) {
      btf =
          Optional.of(
              Btf.parse(
                  bytes.asSlice(section.get().offset(), section.get().length()),
                  path + ": the BTF at offset 0x" + Long.toHexString(section.get().offset())));
    }
    Optional<Found<PageSize>> pageSize =
        elf.architecture() == Architecture.X86_64
            ? Optional.of(new Found<>(PageSize.SIZE_4K, "x86-64 has no other"))
            : Optional.empty();
    return new KernelImage(
        path,
        KernelImage.Form.VMLINUX,
        Optional.empty(),
        elf.architecture(),
        scan.releases().stream().findFirst(),
        pageSize,
        regions.isEmpty() ? Optional.empty() : Optional.of(scan.strings()),
        Optional.empty(),
        btf);
  }

  /** Machine code has no strings, and makes most of a kernel. */
  private static boolean isCode(String section) {
    return section.contains("text");
  }
}
