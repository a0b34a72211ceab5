package org.kho4j.files.packed;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;
import java.util.zip.DataFormatException;
import org.kho4j.files.FileHoles;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;

/**
 * Opens files that can be mapped, and copies pipes and standard input into an unnamed temporary
 * file in {@code java.io.tmpdir}. Zero pages become holes, and 64 MiB stay free there.
 *
 * @param limit most bytes that a temporary file gets
 * @param progress takes how many bytes it has so far
 */
public record Spool(long limit, LongConsumer progress) {

  /** Stands for standard input, which {@link #open} reads through its descriptor. */
  public static final Path STANDARD_INPUT = Path.of("/dev/stdin");

  /** Most bytes by default: the largest file that ext4 has. */
  public static final long DEFAULT_LIMIT = 16L << 40;

  /** The default limit, without a receiver of progress. */
  public static final Spool DEFAULT = new Spool(DEFAULT_LIMIT, _ -> {});

  private static final int TYPE = 0170000;
  private static final int FIFO = 0010000;
  private static final int BLOCK_DEVICE = 0060000;
  private static final int REGULAR = 0100000;

  /** Returns a copy with another limit. */
  public Spool withLimit(long bytes) {
    return new Spool(bytes, progress);
  }

  /**
   * Opens a regular file, a block device, a pipe, or standard input.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws MalformedImageException if it is something else, is empty, or has more bytes than the
   *     limit
   * @throws IOException if it cannot be read, or does not fit into the temporary directory
   */
  public MappedFile open(Path path) throws IOException {
    boolean regular = Files.isRegularFile(path);
    if (path.equals(STANDARD_INPUT)) {
      @SuppressWarnings("resource") // the descriptor of the process stays open
      FileChannel channel = new FileInputStream(FileDescriptor.in).getChannel();
      return regular && channel.position() == 0 ? MappedFile.open(path) : copy(path, channel);
    }
    return switch (regular ? REGULAR : type(path)) {
      case FIFO -> {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
          yield copy(path, channel);
        }
      }
      case BLOCK_DEVICE ->
          MappedFile.map(path, FileChannel.open(path, StandardOpenOption.READ), FileHoles.NONE);
      default -> MappedFile.open(path);
    };
  }

  /** Returns the bits of the type in the mode of a file, or 0 where the system has none. */
  private static int type(Path path) throws IOException {
    if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return 0;
    }
    return (int) Files.getAttribute(path, "unix:mode") & TYPE;
  }

  /**
   * Copies all that comes.
   *
   * @param path the name to use in messages
   */
  public MappedFile copy(Path path, InputStream in) throws IOException {
    return copy(path, Channels.newChannel(in));
  }

  private MappedFile copy(Path path, ReadableByteChannel in) throws IOException {
    try {
      return NamelessFile.of(
          path,
          this,
          out -> {
            while (in.read(out.room()) >= 0) {
              if (out.total() > limit) {
                throw new MalformedImageException(
                    "%s has more than %d bytes, the limit of the copy".formatted(path, limit));
              }
            }
          });
    } catch (DataFormatException e) {
      throw new MalformedImageException(path + ": " + e.getMessage());
    }
  }
}
