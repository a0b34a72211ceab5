package org.kho4j.linux;

import java.util.Map;

/** The error numbers that the calls of this package return, the same on x86-64 and arm64. */
enum Errno {
  EPERM(1, "operation not permitted"),
  ENOENT(2, "no such file or directory"),
  EINTR(4, "interrupted"),
  EIO(5, "input or output error"),
  ENXIO(6, "no such device or address"),
  EBADF(9, "bad file descriptor"),
  EAGAIN(11, "resource temporarily unavailable"),
  ENOMEM(12, "out of memory, or of mappings"),
  EACCES(13, "permission denied"),
  EBUSY(16, "busy"),
  EEXIST(17, "the file exists"),
  ENODEV(19, "no such device"),
  ENOTDIR(20, "not a directory"),
  EISDIR(21, "is a directory"),
  EINVAL(22, "invalid argument"),
  ENFILE(23, "too many open files in the system"),
  EMFILE(24, "too many open files"),
  ENOTTY(25, "the file does not have this ioctl"),
  ETXTBSY(26, "the file is being executed"),
  EFBIG(27, "file too large"),
  ENOSPC(28, "no space left on device"),
  EROFS(30, "read-only file system"),
  ENAMETOOLONG(36, "file name too long"),
  ENOSYS(38, "the kernel does not have this call"),
  ELOOP(40, "it is a symbolic link"),
  EOVERFLOW(75, "value too large"),
  EMSGSIZE(90, "message too long"),
  EOPNOTSUPP(95, "not supported by the file system"),
  ENOBUFS(105, "no buffer space available"),
  ETOOMANYREFS(109, "too many descriptors are in flight"),
  ETIMEDOUT(110, "timed out"),
  ECONNREFUSED(111, "no process receives there"),
  EDQUOT(122, "disk quota exceeded");

  private final int number;
  private final String sentence;

  Errno(int number, String sentence) {
    this.number = number;
    this.sentence = sentence;
  }

  int number() {
    return number;
  }

  /** Returns name and meaning, as in {@code "ENOMEM (out of memory, or of mappings)"}. */
  static String describe(int number) {
    return describe(number, Map.of());
  }

  /** Returns name and meaning; a meaning in {@code causes} comes first. */
  static String describe(int number, Map<Errno, String> causes) {
    for (Errno errno : values()) {
      if (errno.number == number) {
        return errno.name() + " (" + causes.getOrDefault(errno, errno.sentence) + ")";
      }
    }
    return "errno " + number;
  }
}
