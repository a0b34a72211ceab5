package org.kho4j.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kho4j.cli.output.Units;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.files.packed.Packing;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;

/** Recognizes files that users take for memory images: kernels, and what belongs to a kernel. */
public final class OtherFile {

  private static final int HEAD = 4096;
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
      return byHead(path, head).or(() -> kernel(path, head));
    } catch (IOException e) {
      return Optional.empty(); // Whoever asks has read the file, and says what is wrong with it.
    }
  }

  private static Optional<String> byHead(Path path, byte[] head) throws IOException {
    MemorySegment bytes = MemorySegment.ofArray(head);
    String text = new String(head, StandardCharsets.ISO_8859_1);
    Matcher schema = SCHEMA.matcher(text);
    if (text.startsWith("{") && schema.find()) {
      return Optional.of("%s is JSON of %s, not a memory image".formatted(path, schema.group(1)));
    }
    if (text.startsWith("070701")) {
      return Optional.of("%s is an initramfs, not a memory image".formatted(path));
    }
    return isTree(path, bytes)
        ? Optional.of(
            "%s is only a device tree, without the memory that it points to".formatted(path))
        : Optional.empty();
  }

  /**
   * Returns whether a file is a device tree to its end; the RAM of an arm64 guest begins with one.
   */
  private static boolean isTree(Path path, MemorySegment head) throws IOException {
    try {
      return head.byteSize() >= Fdt.HEADER_SIZE
          && Fdt.isMagic(head)
          && Files.size(path) <= Fdt.totalSize(head);
    } catch (FdtException e) {
      return false;
    }
  }

  private static Optional<String> kernel(Path path, byte[] head) {
    // What is packed as a whole was unpacked as memory, and a large one takes long.
    if (Packing.of(MemorySegment.ofArray(head)).isPresent()) {
      return Optional.empty();
    }
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
