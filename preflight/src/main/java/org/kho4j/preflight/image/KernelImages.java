package org.kho4j.preflight.image;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.files.packed.Packing;
import org.kho4j.preflight.btf.Btf;

/** Reads kernel images. */
public final class KernelImages {

  private KernelImages() {}

  /**
   * Reads the facts that a kernel image has about itself. The kind of file is found by content:
   * bzImage, arm64 Image, zboot ({@code vmlinuz.efi}), unified kernel image, vmlinux, BTF; Image
   * and vmlinux also packed as a whole by gzip, xz, zstd, lz4 or lzma. Dictionaries of xz and lzma
   * have up to 128 MiB, which the heap has to have room for.
   *
   * <p>A packed kernel is unpacked into an unnamed file in {@code java.io.tmpdir}, up to 1 GiB. The
   * result keeps neither file open.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if it is not a known kernel image, or is truncated or damaged;
   *     the message names the file and the place in it
   * @throws IOException if it cannot be read, or there is no room to unpack it
   */
  public static KernelImage read(Path path) throws IOException {
    if (path.toAbsolutePath().normalize().startsWith("/sys")) {
      return read(path, MemorySegment.ofArray(unmapped(path)));
    }
    try (MappedFile file = MappedFile.open(path)) {
      return read(path, file.bytes());
    }
  }

  /** Older kernels do not let their BTF in sysfs be mapped. */
  private static byte[] unmapped(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(Btf.MAX_BYTES + 1);
    }
  }

  private static KernelImage read(Path path, MemorySegment bytes) throws IOException {
    if (!UnifiedImage.matches(bytes)) {
      return readKernel(path, bytes);
    }
    UnifiedImage unified = UnifiedImage.read(path, bytes);
    return readKernel(path, unified.linux()).in(unified.others());
  }

  /** Reads the kernel in these bytes of a file, which are no unified image. */
  private static KernelImage readKernel(Path path, MemorySegment bytes) throws IOException {
    if (BzImage.matches(bytes)) {
      return BzImage.read(path, bytes);
    }
    if (Zboot.matches(bytes)) {
      return Zboot.read(path, bytes);
    }
    Optional<Packing> packing = Packing.of(bytes);
    if (packing.isEmpty()) {
      return new KernelContent(path, bytes, Optional.empty()).read();
    }
    return new Payload(path, bytes, 0, -1).read(packing.get(), KernelContent::read);
  }
}
