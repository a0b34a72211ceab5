package org.kho4j.linux;

import java.io.IOException;
import java.util.Map;

/** Thrown if a system call fails; has the errno. */
public final class LinuxException extends IOException {

  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Names what failed and why.
   *
   * @param what the call, as in {@code "cannot map 4096 bytes of /dev/shm/orders"}
   * @param errno the error number that the call returned
   */
  LinuxException(String what, int errno) {
    this(what, errno, Map.of());
  }

  /**
   * Names what failed and why.
   *
   * @param causes what an errno means for this call
   */
  LinuxException(String what, int errno, Map<Errno, String> causes) {
    super(what + ": " + Errno.describe(errno, causes));
    this.errno = errno;
  }

  /** The error number that the call returned. */
  public int errno() {
    return errno;
  }

  /** Whether there is no file of the name that the call was given. */
  public boolean isFileMissing() {
    return is(Errno.ENOENT);
  }

  /** Whether the call was to create a file, and there is one of its name. */
  public boolean isFileThere() {
    return is(Errno.EEXIST);
  }

  boolean is(Errno expected) {
    return errno == expected.number();
  }
}
