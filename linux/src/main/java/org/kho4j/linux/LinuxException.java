package org.kho4j.linux;

import java.io.IOException;

/** A system call failed. */
public final class LinuxException extends IOException {

  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Names what failed and why.
   *
   * @param what what was tried, as in {@code "cannot map 4096 bytes of /dev/shm/orders"}
   * @param errno the number that the call gave
   */
  LinuxException(String what, int errno) {
    super(what + ": " + Errno.describe(errno));
    this.errno = errno;
  }

  /** The error number that the call gave. */
  public int errno() {
    return errno;
  }

  boolean is(Errno expected) {
    return errno == expected.number();
  }
}
