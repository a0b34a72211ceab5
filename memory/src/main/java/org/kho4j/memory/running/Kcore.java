package org.kho4j.memory.running;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The file {@code /proc/kcore}: read at positions, as it cannot be mapped. */
final class Kcore implements AutoCloseable {

  private static final String PLACE = "proc/kcore";
  private static final String LOCKDOWN = "sys/kernel/security/lockdown";

  private final Path path;
  private final FileChannel channel;

  private Kcore(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Opens the file of a host.
   *
   * @throws IOException with the reason why the host does not show its memory
   */
  static Kcore open(Path root) throws IOException {
    Path path = root.resolve(PLACE);
    try {
      return new Kcore(path, FileChannel.open(path, StandardOpenOption.READ));
    } catch (NoSuchFileException e) {
      throw new IOException(
          path
              + " is not there: the kernel was built without CONFIG_PROC_KCORE, or /proc is not mounted",
          e);
    } catch (AccessDeniedException e) {
      throw new IOException(path + " may be read only by root", e);
    } catch (FileSystemException e) {
      if (!"Operation not permitted".equals(e.getReason())) {
        throw e;
      }
      throw new IOException(
          path
              + (isLockedDown(root)
                  ? ": the kernel is locked down to confidentiality, and shows its memory to no"
                      + " user"
                  : ": not permitted: CAP_SYS_RAWIO is missing, as in most containers, or the kernel is locked down"),
          e);
    }
  }

  /** Returns whether kernel lockdown covers {@code /proc/kcore}. */
  private static boolean isLockedDown(Path root) {
    try {
      return Files.readString(root.resolve(LOCKDOWN)).contains("[confidentiality]");
    } catch (IOException e) {
      return false; // securityfs is not mounted, or the kernel has no lockdown.
    }
  }

  Path path() {
    return path;
  }

  /** Fills the buffer with the bytes at a position. */
  void read(ByteBuffer target, long position) throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int bytes = channel.read(target, at);
      if (bytes <= 0) {
        throw new EOFException("%s ends at offset 0x%x".formatted(path, at));
      }
      at += bytes;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
