package org.kho4j.cli.author;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.handover.wire.KhoException;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The files beside a RAM file by which a kernel is booted on it: a copy of an x86-64 kernel that
 * names the boot record, an arm64 machine's device tree that has it.
 */
public final class BootFiles {

  /** A machine's device tree has tens of kilobytes. */
  private static final int MAX_DEVICE_TREE = 2 << 20;

  private final Optional<BootImage> kernel;
  private final @Nullable Path deviceTreeInput;
  private final Optional<Path> bootImage;
  private final Optional<Path> deviceTree;
  private Optional<OutputFile> copy = Optional.empty();
  private Optional<OutputFile> tree = Optional.empty();

  private BootFiles(Invocation invocation) throws IOException {
    Path input = invocation.value("--boot-image", Path.class);
    this.kernel = input == null ? Optional.empty() : Optional.of(BootImage.open(input));
    this.deviceTreeInput = invocation.value("--dtb", Path.class);
    invocation.reads(input);
    invocation.reads(deviceTreeInput);
    this.bootImage = Optional.ofNullable(invocation.value("--boot-image-out", Path.class));
    this.deviceTree = Optional.ofNullable(invocation.value("--dtb-out", Path.class));
  }

  /** The options that say which, and {@code --force}, which replaces them. */
  public static List<OptionSpec.Builder> options() {
    return List.of(
        OptionSpec.builder("--force")
            .type(boolean.class)
            .arity("0")
            .description("Replaces existing files."),
        file(
            "BZIMAGE",
            "x86-64: the kernel to boot on the handover; needs --boot-image-out.",
            "--boot-image"),
        file(
            "FILE",
            "x86-64: writes a copy of that kernel with the address of the boot record.",
            "--boot-image-out"),
        file(
            "TREE",
            "arm64: the machine's device tree (QEMU: -machine virt,dumpdtb=TREE); needs --dtb-out.",
            "--dtb"),
        file(
            "FILE",
            "arm64: writes a copy of that tree with the boot record, or a tree with the boot"
                + " record only.",
            "--dtb-out"));
  }

  /** An option that takes a file. */
  public static OptionSpec.Builder file(String label, String description, String... names) {
    return OptionSpec.builder(names).type(Path.class).paramLabel(label).description(description);
  }

  /**
   * The files that the user wants.
   *
   * @param pc whether the memory is that of an x86-64 machine
   * @param what tells so, for the sentence
   */
  public static BootFiles of(Invocation invocation, boolean pc, String what) throws IOException {
    requireTogether(invocation, "--boot-image", "--boot-image-out");
    requireTogether(invocation, "--boot-image-out", "--boot-image");
    requireTogether(invocation, "--dtb", "--dtb-out");
    String other = pc ? "--dtb-out" : "--boot-image";
    if (invocation.flag(other)) {
      throw invocation.wrong(
          "%s is for %s, and %s is for %s"
              .formatted(other, arch(!pc).label(), what, arch(pc).label()));
    }
    if (invocation.flag("--dtb-out") && !invocation.flag("--dtb")) {
      invocation.note(
          "the device tree has the boot record only: to boot a kernel, give the machine's as --dtb");
    }
    return new BootFiles(invocation);
  }

  private static Arch arch(boolean pc) {
    return pc ? Arch.X86_64 : Arch.ARM64;
  }

  private static void requireTogether(Invocation invocation, String option, String needed) {
    if (invocation.flag(option) && !invocation.flag(needed)) {
      throw invocation.wrong(option + " needs " + needed);
    }
  }

  /** Makes them part of a run's outputs. */
  public void addTo(Outputs outputs) throws IOException {
    copy = bootImage.isPresent() ? Optional.of(outputs.add(bootImage.get())) : Optional.empty();
    tree = deviceTree.isPresent() ? Optional.of(outputs.add(deviceTree.get())) : Optional.empty();
  }

  /**
   * Writes them.
   *
   * @param setupData address of the boot record, on x86-64
   */
  public void write(BootData boot, OptionalLong setupData) throws IOException {
    if (kernel.isPresent() && copy.isPresent()) {
      kernel.get().copyTo(copy.get().temporary(), setupData.orElseThrow());
    }
    if (tree.isPresent()) {
      tree.get().write(withBootRecord(boot).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private MemorySegment withBootRecord(BootData boot) throws IOException {
    if (deviceTreeInput == null) {
      return ChosenNode.alone(boot);
    }
    byte[] bytes;
    try (var in = Files.newInputStream(deviceTreeInput)) {
      bytes = in.readNBytes(MAX_DEVICE_TREE + 1);
    }
    if (bytes.length > MAX_DEVICE_TREE) {
      throw new IOException(
          "%s: is larger than %d bytes, the maximum of a kernel for a device tree"
              .formatted(deviceTreeInput, MAX_DEVICE_TREE));
    }
    try {
      return ChosenNode.addTo(MemorySegment.ofArray(bytes), boot);
    } catch (FdtException | KhoException e) {
      throw new IOException(
          "%s: is not a device tree to write to: %s"
              .formatted(deviceTreeInput, Objects.requireNonNull(e.getMessage(), "a reason")),
          e);
    }
  }

  /** The kernel that shall boot. */
  Optional<BootImage> kernel() {
    return kernel;
  }

  /** The file with arm64's boot record. */
  public Optional<Path> deviceTree() {
    return deviceTree;
  }

  /** The copy of a bzImage that names x86-64's boot record. */
  public Optional<Path> bootImage() {
    return bootImage;
  }
}
