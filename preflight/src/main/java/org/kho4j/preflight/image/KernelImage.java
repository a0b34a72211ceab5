package org.kho4j.preflight.image;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.btf.Btf;

/**
 * The facts that a kernel image has about itself. A fact that it does not have is absent, never
 * guessed.
 *
 * @param path the file, as the caller named it
 * @param form kind of the file, found by content
 * @param compression packing of the kernel in it, {@code "zstd"}; empty if it is not packed
 * @param architecture architecture that it runs on
 * @param release as {@code uname -r} prints it
 * @param pageSize its page size
 * @param footprint the memory that kexec needs for it, where its boot header has that
 * @param strings the version names and markers in it, in the order of their places; empty where the
 *     image carries no content to look at: BTF alone, debug data alone
 * @param config its configuration where it was built in ({@code CONFIG_IKCONFIG}): the value of
 *     each option, as the file has it; {@code n} for one that is not set
 * @param metadataNumber the number of kexec-metadata that its code expects, if it was found
 * @param btf its types, where it carries them
 * @param table its table of versions or features, if it has one
 * @param unified the other parts of a unified kernel image; empty for other forms
 */
public record KernelImage(
    Path path,
    Form form,
    Optional<String> compression,
    Architecture architecture,
    Optional<Found<String>> release,
    Optional<Found<PageSize>> pageSize,
    Optional<Footprint> footprint,
    Optional<List<FoundString>> strings,
    Optional<Map<String, String>> config,
    Optional<Found<Long>> metadataNumber,
    Optional<Btf> btf,
    Optional<SupportTable> table,
    Optional<Unified> unified) {

  /**
   * The parts of a unified kernel image (UKI) beside the kernel.
   *
   * @param commandLine of section {@code .cmdline}
   * @param initrdBytes of section {@code .initrd}, with {@code .ucode} before it
   */
  public record Unified(Optional<String> commandLine, Optional<Long> initrdBytes) {}

  /** The forms of files that kernels come in. */
  public enum Form {
    /** The image that x86 boots: setup code, and the kernel packed behind it. */
    BZIMAGE("bzImage"),
    /** The image that arm64 boots; also packed as a whole, like {@code Image.gz}. */
    IMAGE("Image"),
    /** An EFI program that unpacks the arm64 Image in it: {@code vmlinuz.efi}. */
    ZBOOT("zboot"),
    /** An EFI program with kernel, command line and initrd in it: a unified kernel image. */
    UKI("uki"),
    /** The ELF file that the linker made, with or without debug data. */
    VMLINUX("vmlinux"),
    /** BTF alone, as {@code /sys/kernel/btf/vmlinux}. */
    BTF("btf");

    private final String label;

    Form(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  /** Returns the same kernel as part of a unified kernel image. */
  KernelImage in(Unified image) {
    return new KernelImage(
        path,
        Form.UKI,
        compression,
        architecture,
        release,
        pageSize,
        footprint,
        strings,
        config,
        metadataNumber,
        btf,
        table,
        Optional.of(image));
  }

  public KernelImage {
    strings = strings.map(List::copyOf);
    config = config.map(Map::copyOf);
  }

  /**
   * Returns the strings with that {@link FoundString#stem}: several are ambiguous; none means
   * absent, or unknown if {@link #strings} is empty. One that is not {@link FoundString#isWhole} is
   * the end of a longer string, a message perhaps.
   */
  public List<FoundString> strings(String stem) {
    return strings.orElse(List.of()).stream().filter(string -> string.stem().equals(stem)).toList();
  }
}
