package org.kho4j.cli.command;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kho4j.cli.output.Units;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.files.LittleEndian;
import org.kho4j.files.packed.Packing;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;

/** Recognizes files that users take for memory images: kernels, and what belongs to a kernel. */
public final class OtherFile {

  private static final int HEAD = 4096;

  /** Of the header of an arm64 Image, which is packed as a whole where it is installed. */
  private static final String ARM64_MAGIC = "ARMd";

  private static final int ARM64_MAGIC_AT = 56;

  /** Offset of the size in memory of an arm64 kernel, which is 0 before 3.17. */
  private static final int ARM64_SIZE_AT = 16;

  private static final Pattern SCHEMA =
      Pattern.compile("\"schema\"\\s*:\\s*\"(kho4j/[a-z/0-9-]+)\"");

  private OtherFile() {}

  /**
   * Returns the kind of a file that is not a memory image, and the command for it; empty if
   * unknown.
   */
  public static Optional<String> sentence(Path path) {
    if (!Files.isRegularFile(path)) {
      return Optional.empty(); // What came out of a pipe is gone.
    }
    try {
      byte[] head;
      try (InputStream in = Files.newInputStream(path)) {
        head = in.readNBytes(HEAD);
      }
      boolean packed = Packing.of(MemorySegment.ofArray(head)).isPresent();
      Optional<String> sentence = byHead(path, head, Files.size(path));
      return packed ? sentence : sentence.or(() -> kernel(path));
    } catch (IOException e) {
      return Optional.empty(); // Whoever asks has read the file, and says what is wrong with it.
    }
  }

  /**
   * Returns the kind of a file that was opened as a memory image; what is packed as a whole counts
   * as what it unpacks to.
   */
  public static Optional<String> sentence(PhysicalMemory memory) {
    Path path = memory.source().path();
    return sentence(path)
        .or(() ->
            memory.source().kind() == MemorySource.Kind.RAW && Files.isRegularFile(path)
                ? unpacked(path, memory)
                : Optional.empty());
  }

  private static Optional<String> unpacked(Path path, PhysicalMemory memory) {
    byte[] head = head(memory);
    return byHead(path, head, memory.source().bytes())
        .or(() -> isArm64Image(head, memory.source().bytes()) ? kernel(path) : Optional.empty());
  }

  /** Returns whether an arm64 kernel is all of it; the RAM of a guest may begin with one, too. */
  private static boolean isArm64Image(byte[] head, long size) {
    if (!text(head).startsWith(ARM64_MAGIC, ARM64_MAGIC_AT)) {
      return false;
    }
    long memory = MemorySegment.ofArray(head).get(LittleEndian.U64, ARM64_SIZE_AT);
    return memory == 0 || size <= memory;
  }

  private static byte[] head(PhysicalMemory memory) {
    List<byte[]> heads = new ArrayList<>(1);
    memory.forEachRange((address, length) -> {
      if (heads.isEmpty()) {
        heads.add(memory.read(address, Math.min(length, HEAD)).toArray(JAVA_BYTE));
      }
    });
    return heads.isEmpty() ? new byte[0] : heads.getFirst();
  }

  private static String text(byte[] head) {
    return new String(head, StandardCharsets.ISO_8859_1);
  }

  private static Optional<String> byHead(Path path, byte[] head, long size) {
    MemorySegment bytes = MemorySegment.ofArray(head);
    String text = text(head);
    Matcher schema = SCHEMA.matcher(text);
    if (text.startsWith("{") && schema.find()) {
      return Optional.of("%s is JSON of %s, not a memory image".formatted(path, schema.group(1)));
    }
    if (text.startsWith("070701")) {
      return Optional.of("%s is an initramfs, not a memory image".formatted(path));
    }
    return isTree(bytes, size)
        ? Optional.of(
            "%s is only a device tree, without the memory that it points to".formatted(path))
        : Optional.empty();
  }

  /**
   * Returns whether a file is a device tree to its end; the RAM of an arm64 guest begins with one.
   */
  private static boolean isTree(MemorySegment head, long size) {
    try {
      return head.byteSize() >= Fdt.HEADER_SIZE && Fdt.isMagic(head) && size <= Fdt.totalSize(head);
    } catch (FdtException e) {
      return false;
    }
  }

  private static Optional<String> kernel(Path path) {
    KernelImage image;
    try {
      image = KernelImages.read(path);
    } catch (IOException e) {
      return Optional.empty();
    }
    if (image.form() == KernelImage.Form.VMLINUX && image.release().isEmpty()) {
      return Optional.empty(); // Programs and libraries are such ELF files, too.
    }
    String release = image.release().map(found -> " of Linux " + found.value()).orElse("");
    return Optional.of(
        "%s is a kernel (%s%s), not a memory image; did you mean kho preflight --to %s?"
            .formatted(path, image.form().label(), release, Units.shellWord(path.toString())));
  }
}
