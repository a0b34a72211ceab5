package org.kho4j.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;

/**
 * A session of the Live Update Orchestrator: descriptors with tokens, which survive a kexec
 * together. A session of {@link LiveUpdateDevice#create} preserves; a session of {@link
 * LiveUpdateDevice#retrieve} restores.
 */
public final class LiveUpdateSession extends LinuxDescriptor {

  /** The text in /proc of a session's descriptor, in front of the session's name. */
  static final String TARGET = "anon_inode:[luo_session] ";

  private static final int PRESERVE_FD = 0xba40;
  private static final int RETRIEVE_FD = 0xba41;
  private static final int FINISH = 0xba42;
  private static final int GET_NAME = 0xba43;

  private static final String WRONG_KIND =
      "a session that was created preserves, a session that was retrieved gives back and finishes";

  LiveUpdateSession(String name, int fd) {
    super(Path.of("session " + name), fd);
  }

  /**
   * Preserves a descriptor under a token. A memory file's content may still be written, its size
   * may not change any more, and its holes are allocated.
   *
   * @throws LinuxException ENOENT if the kernel preserves no descriptors of that kind, for example,
   *     memory files of a huge page pool; EEXIST if the token is used; EBUSY if the file is
   *     preserved already
   */
  public void preserve(long token, LinuxDescriptor descriptor) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      LiveUpdateArgument argument =
          LiveUpdateArgument.descriptor(arena, descriptor.descriptor(), token);
      callWith(
          descriptor,
          () -> "preserve %s in %s under token 0x%x".formatted(descriptor.path(), path(), token),
          Map.of(
              Errno.ENOENT,
                  "the kernel cannot preserve descriptors of this kind: memory files can be, but not of a huge page pool",
              Errno.EEXIST, "the token is used already",
              Errno.EBUSY, "the file is preserved already: a file has one token in one session",
              Errno.EBADF, "a descriptor is closed",
              Errno.ENOSPC, "the session is full",
              Errno.ENOMEM, "the kernel has no memory to preserve it",
              Errno.EFBIG, "the file is too large",
              Errno.EOPNOTSUPP, "the file has seals that the kernel cannot preserve",
              Errno.EINVAL, WRONG_KIND),
          () -> SystemCalls.ioctl(descriptor(), PRESERVE_FD, argument.bytes()));
    }
  }

  /**
   * Retrieves a memory file. A second call returns another descriptor of the same open file
   * description. The file has its earlier size, content and position, and no name.
   *
   * @throws LinuxException ENOENT if no descriptor has that token; another errno if the file could
   *     not be restored, the same for every further call
   */
  public LinuxFile retrieve(long token) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      LiveUpdateArgument argument = LiveUpdateArgument.descriptor(arena, 0, token);
      call(
          () -> "retrieve token 0x%x of %s".formatted(token, path()),
          Map.of(
              Errno.ENOENT, "no descriptor has that token",
              Errno.EIO, "the kernel could not restore the file: it is lost, see dmesg",
              Errno.ENOMEM, "the kernel had no memory to restore the file: it is lost",
              Errno.EOPNOTSUPP, "the file has flags or seals that this kernel does not know",
              Errno.EINVAL, WRONG_KIND),
          () -> SystemCalls.ioctl(descriptor(), RETRIEVE_FD, argument.bytes()));
      return LinuxFile.adopt(
          Path.of("%s token 0x%x".formatted(path(), token)), argument.descriptor());
    }
  }

  /**
   * Ends the session: retrieved files belong to their descriptors alone, and files that were not
   * retrieved are freed. Closing the session does the same.
   */
  public void finish() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      LiveUpdateArgument argument = LiveUpdateArgument.finish(arena);
      call(
          () -> "finish " + path(),
          Map.of(
              Errno.EBUSY,
              "a file of the session cannot be finished yet",
              Errno.EINVAL,
              WRONG_KIND),
          () -> SystemCalls.ioctl(descriptor(), FINISH, argument.bytes()));
    }
  }

  /**
   * Returns the session's name, from the kernel.
   *
   * @throws LinuxException ENOTTY or EINVAL before Linux 7.2, which has no such call
   */
  public String name() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      LiveUpdateArgument argument = LiveUpdateArgument.name(arena);
      call(
          () -> "read the name of " + path(),
          Map.of(
              Errno.ENOTTY, "the kernel is older than Linux 7.2, or this is no session",
              Errno.EINVAL, "the kernel is older than Linux 7.2"),
          () -> SystemCalls.ioctl(descriptor(), GET_NAME, argument.bytes()));
      return argument.name();
    }
  }
}
