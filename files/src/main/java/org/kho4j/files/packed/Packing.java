package org.kho4j.files.packed;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U32;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.DataFormatException;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;

/** The compression formats of files, recognized by their first bytes. */
public enum Packing {
  GZIP("gzip"),
  XZ("xz", "org.tukaani:xz"),
  ZSTD("zstd", "com.github.luben:zstd-jni"),
  /** Frames, and the legacy format, which {@code lz4 -l} and the kernel's build make. */
  LZ4("lz4"),
  LZMA("lzma", "org.tukaani:xz"),
  /** Compressed AVML, which unpacks to a LiME file. */
  AVML("avml"),
  /** Recognized, but not supported. */
  BZIP2("bzip2"),
  /** Recognized, but not supported. */
  LZOP("lzop");

  private static final int LZOP_MAGIC = 0x4f5a4c89;
  private static final int BZIP2_MAGIC = 0x685a42;

  /** Bytes of the header of .lzma. */
  private static final int LZMA_HEADER = 13;

  private final String format;
  private final String library;

  Packing(String format) {
    this(format, "");
  }

  Packing(String format, String library) {
    this.format = format;
    this.library = library;
  }

  /** Returns the form that these first bytes of a file have, if it is known here. */
  public static Optional<Packing> of(MemorySegment bytes) {
    if (bytes.byteSize() < 4) {
      return Optional.empty();
    }
    int magic = bytes.get(U32, 0);
    Packing packing = null;
    if (GzipFile.matches(magic)) {
      packing = GZIP;
    } else if (XzDictionary.matches(bytes)) {
      packing = XZ;
    } else if (ZstdFile.matches(bytes)) {
      packing = ZSTD;
    } else if (Lz4File.matches(magic)) {
      packing = LZ4;
    } else if (magic == AvmlFile.MAGIC) {
      packing = AVML;
    } else if (magic == LZOP_MAGIC) {
      packing = LZOP;
    } else if ((magic & 0xffffff) == BZIP2_MAGIC) {
      packing = BZIP2;
    } else if (isLzma(bytes)) {
      packing = LZMA;
    }
    return Optional.ofNullable(packing);
  }

  /**
   * .lzma has no magic number: the usual properties, and a dictionary whose size is a power of two
   * and at least 4 KiB, identify it.
   */
  private static boolean isLzma(MemorySegment bytes) {
    if (bytes.byteSize() < LZMA_HEADER || bytes.get(JAVA_BYTE, 0) != 0x5d) {
      return false;
    }
    int dictionary = bytes.get(U32, 1);
    return dictionary >= 4096 && Integer.bitCount(dictionary) == 1;
  }

  /** Returns the form's name, which is that of its packer: {@code "zstd"}. */
  public String format() {
    return format;
  }

  /**
   * Unpacks a file, or a part of one, into a temporary file in {@code java.io.tmpdir} that has no
   * name any more. Zero pages become holes.
   *
   * @param path the file's name, for messages
   * @param packed the packed bytes
   * @param base their offset in the file
   * @param spool has the most bytes that they may unpack to
   * @throws MalformedImageException if the packed bytes are damaged or cut off, unpack to more, or
   *     have a form that is not read
   * @throws IOException if there is no room for what comes out, or the library that reads the form
   *     is missing or cannot be loaded
   */
  public MappedFile unpack(Path path, MemorySegment packed, long base, Spool spool)
      throws IOException {
    PackedInput in = new PackedInput(packed);
    try {
      Decoder decoder =
          switch (this) {
            case GZIP -> new GzipFile();
            case XZ -> new XzFile(false);
            case ZSTD -> new ZstdFile();
            case LZ4 -> new Lz4File();
            case LZMA -> new XzFile(true);
            case AVML -> new AvmlFile();
            case BZIP2, LZOP ->
                throw new MalformedImageException(
                    ("%s: %s at offset 0x%x, an unsupported form: '%s -dc FILE' decompresses a"
                            + " file, scripts/extract-vmlinux of the kernel source a bzImage")
                        .formatted(path, format, base, format));
          };
      return NamelessFile.of(path, spool, out -> decoder.decode(in, out));
    } catch (DataFormatException e) {
      throw new MalformedImageException(
          "%s: %s at offset 0x%x: %s"
              .formatted(path, format, base + in.position(), e.getMessage()));
    } catch (NoClassDefFoundError e) {
      throw new IOException(path + ": " + withoutLibrary(), e);
    }
  }

  /** Returns the message for a program without the library that reads this form. */
  String withoutLibrary() {
    return ("%s cannot be read without %s: add it to the program's dependencies, and to the requires"
            + " of its module")
        .formatted(format, library);
  }
}
