package org.kho4j.linux;

import java.io.IOException;
import java.util.Map;

/** Thrown if a system call fails; has the errno. */
public final class LinuxException extends IOException {

  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Creates an exception with the failed call and the reason.
   *
   * @param what the call, as in {@code "cannot map 4096 bytes of /dev/shm/orders"}
   * @param errno the error number that the call returned
   */
  LinuxException(String what, int errno) {
    this(what, errno, Map.of());
  }

  /**
   * Creates an exception with the failed call and the reason.
   *
   * @param causes meaning of an errno for this call
   */
  LinuxException(String what, int errno, Map<Errno, String> causes) {
    super(what + ": " + Errno.describe(errno, causes));
    this.errno = errno;
  }

  /** Returns the error number of the call. */
  public int errno() {
    return errno;
  }

  /** Returns whether the call failed because no file has the given name. */
  public boolean isFileMissing() {
    return is(Errno.ENOENT);
  }

  /**
   * Returns whether the call was to create a file and failed because a file of that name exists.
   */
  public boolean isFileThere() {
    return is(Errno.EEXIST);
  }

  /** Returns whether the call failed because memory, disk or a quota was not enough. */
  public boolean isNoRoom() {
    return is(Errno.ENOMEM) || is(Errno.ENOSPC) || is(Errno.EDQUOT);
  }

  /** Returns whether the call failed because the file is a directory, or sealed against writing. */
  public boolean isUnwritable() {
    return is(Errno.EISDIR) || is(Errno.EPERM);
  }

  boolean is(Errno expected) {
    return errno == expected.number();
  }
}
