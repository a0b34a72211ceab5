package org.kho4j.preflight.image;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.PageSize;
import org.kho4j.files.MalformedImageException;
import org.kho4j.preflight.btf.Btf;

/** An unpacked kernel: ELF, an arm64 Image, or BTF alone. */
final class KernelContent {

  private final Path path;
  private final MemorySegment bytes;
  private final Optional<String> compression;

  KernelContent(Path path, MemorySegment bytes, Optional<String> compression) {
    this.path = path;
    this.bytes = bytes;
    this.compression = compression;
  }

  /** Reads a kernel of any of these forms. */
  KernelImage read() throws IOException {
    if (ElfFile.matches(bytes)) {
      return vmlinux(KernelImage.Form.VMLINUX, Optional.empty(), Optional.empty());
    }
    if (Arm64Header.matches(bytes)) {
      return image(KernelImage.Form.IMAGE);
    }
    if (BtfReading.matches(bytes)) {
      return BtfReading.alone(path, where(), compression, bytes);
    }
    throw new MalformedImageException(
        where()
            + (compression.isEmpty() ? " is" : " has")
            + " no known form of kernel: neither bzImage, Image, zboot, vmlinux nor BTF");
  }

  /**
   * Reads an ELF file.
   *
   * @param headerRelease the release, where the boot header around the kernel has it
   * @param footprint the memory for the kernel, where the boot header has it
   */
  KernelImage vmlinux(
      KernelImage.Form form, Optional<Found<String>> headerRelease, Optional<Footprint> footprint)
      throws IOException {
    ElfFile elf = ElfFile.read(bytes, where());
    List<LoadedRange> regions = elf.isDebugDataAlone() ? List.of() : elf.loaded();
    StringScan scan = scan(regions);
    Optional<ElfFile.Section> types = elf.section(ElfFile.BTF);
    Optional<Btf> btf =
        types.isEmpty()
            ? Optional.empty()
            : Optional.of(
                BtfReading.at(bytes, types.get().offset(), types.get().length(), where()));
    return image(
        form,
        elf.architecture(),
        scan,
        scan.release().or(() -> headerRelease),
        pageSize(elf, btf),
        footprint,
        regions,
        elf.code(),
        btf,
        SupportTable.read(bytes, elf, where()));
  }

  /** Reads an arm64 Image, which has no sections. */
  KernelImage image(KernelImage.Form form) throws IOException {
    if (!Arm64Header.matches(bytes)) {
      throw new MalformedImageException(where() + " has no arm64 Image in it");
    }
    long end = Arm64Header.endByPe(bytes);
    if (end > bytes.byteSize()) {
      throw new MalformedImageException(
          "%s has sections up to offset 0x%x by its PE header, and ends at 0x%x"
              .formatted(where(), end, bytes.byteSize()));
    }
    List<LoadedRange> regions =
        List.of(new LoadedRange("", 0, bytes.byteSize(), OptionalLong.empty()));
    StringScan scan = scan(regions);
    Optional<Btf> btf = BtfReading.largest(bytes, scan.btf(), where());
    return image(
        form,
        Architecture.ARM64,
        scan,
        scan.release(),
        pageSize(0, btf),
        Arm64Header.footprint(bytes),
        regions,
        regions,
        btf,
        Optional.empty());
  }

  private KernelImage image(
      KernelImage.Form form,
      Architecture architecture,
      StringScan scan,
      Optional<Found<String>> release,
      Optional<Found<PageSize>> pageSize,
      Optional<Footprint> footprint,
      List<LoadedRange> regions,
      List<LoadedRange> code,
      Optional<Btf> btf,
      Optional<SupportTable> table)
      throws IOException {
    Optional<Map<String, String>> config =
        scan.config() < 0
            ? Optional.empty()
            : Optional.of(BuiltInConfig.read(bytes, scan.config(), where()));
    return new KernelImage(
        path,
        form,
        compression,
        architecture,
        release,
        pageSize,
        footprint,
        regions.isEmpty() ? Optional.empty() : Optional.of(scan.strings()),
        config,
        scan.metadataMessage()
            .flatMap(message -> MetadataNumber.read(bytes, architecture, message, code)),
        btf,
        table,
        Optional.empty());
  }

  private StringScan scan(List<LoadedRange> regions) throws MalformedImageException {
    StringScan scan = new StringScan(bytes);
    regions.forEach(scan::scan);
    if (scan.isFull()) {
      throw new MalformedImageException(
          where() + " has " + StringScan.MAX_STRINGS + " version strings and more: no kernel has");
    }
    return scan;
  }

  private Optional<Found<PageSize>> pageSize(ElfFile elf, Optional<Btf> btf)
      throws MalformedImageException {
    if (elf.architecture() == Architecture.X86_64) {
      return Optional.of(new Found<>(PageSize.SIZE_4K, "x86-64 has no other"));
    }
    Optional<ElfFile.Section> head = elf.section(".head.text");
    return pageSize(head.isPresent() ? head.get().offset() : 0, btf);
  }

  /**
   * Returns the page size of an arm64 kernel, which starts with the same header in ELF as in an
   * Image.
   */
  private Optional<Found<PageSize>> pageSize(long start, Optional<Btf> btf)
      throws MalformedImageException {
    Optional<Found<PageSize>> size = Arm64Header.pageSize(bytes, start);
    return size.isPresent() || btf.isEmpty()
        ? size
        : BtfReading.pageSize(Architecture.ARM64, btf.get());
  }

  private String where() {
    return compression.isEmpty() ? path.toString() : path + ", unpacked,";
  }
}
