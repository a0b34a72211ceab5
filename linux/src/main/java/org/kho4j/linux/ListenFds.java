package org.kho4j.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The descriptors that systemd passed to this process: those of its store, which an earlier process
 * of the service filled through {@link NotifySocket#store}, and listening sockets.
 *
 * <p>systemd describes them in the environment: LISTEN_FDS is their number, from descriptor 3 on,
 * LISTEN_FDNAMES their names, and LISTEN_PID and LISTEN_PIDFDID the process that receives them.
 */
public final class ListenFds {

  private static final int FIRST = 3;

  /** A property of the whole process: each class loader has classes of its own. */
  private static final String TAKEN = "org.kho4j.linux.listenfds.taken";

  private ListenFds() {}

  /**
   * A descriptor that systemd passed to this process.
   *
   * @param name its FDNAME; several descriptors may have one name
   * @param descriptor a {@link LinuxFile}, a {@link LiveUpdateSession}, or something else. Its
   *     receiver closes it, which takes nothing out of systemd's store
   */
  public record Received(String name, LinuxDescriptor descriptor) {}

  /**
   * Takes the descriptors, once for each process: a descriptor has one owner. No program that this
   * process starts inherits them.
   *
   * @return the descriptors in systemd's order; empty if there are none, or the variables are for
   *     another process
   * @throws LinuxException EBADF if the variables promise a descriptor that is not open, or was not
   *     inherited, as the JVM's own first file; none is taken then
   * @throws IllegalStateException if they were taken before
   */
  public static List<Received> take() throws IOException {
    if (System.getProperties().putIfAbsent(TAKEN, "true") != null) {
      throw new IllegalStateException("the descriptors from systemd were already taken");
    }
    try {
      return take(System.getenv(), ProcessHandle.current().pid());
    } catch (LinuxException e) {
      System.getProperties().remove(TAKEN);
      throw e;
    }
  }

  static List<Received> take(Map<String, String> environment, long pid) throws IOException {
    if (!isFor(environment, pid)) {
      return List.of();
    }
    int count = count(environment.getOrDefault("LISTEN_FDS", "0"));
    String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
    List<String> targets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      targets.add(target(name(names, count, i), FIRST + i));
    }
    List<Received> received = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      received.add(new Received(name(names, count, i), adopt(targets.get(i), FIRST + i)));
    }
    return received;
  }

  private static String name(String[] names, int count, int number) {
    return names.length == count && !names[number].isEmpty() ? names[number] : "unknown";
  }

  private static int count(String text) throws LinuxException {
    try {
      int count = Integer.parseInt(text);
      if (count >= 0 && count <= Integer.MAX_VALUE - FIRST) {
        return count;
      }
    } catch (NumberFormatException _) {
      // refused below, like other invalid numbers
    }
    throw new LinuxException(
        "cannot use LISTEN_FDS=" + text,
        Errno.EINVAL.number(),
        Map.of(Errno.EINVAL, "it is no number of descriptors"));
  }

  /**
   * Returns whether the variables are for this process. Children inherit the variables, and a
   * process id can be reused: systemd 259 names both the id and the pidfd.
   */
  private static boolean isFor(Map<String, String> environment, long pid) throws LinuxException {
    if (!environment.getOrDefault("LISTEN_PID", "").equals(Long.toString(pid))) {
      return false;
    }
    String pidfdId = environment.get("LISTEN_PIDFDID");
    return pidfdId == null || pidfdId.equals(Long.toUnsignedString(pidfdId((int) pid)));
  }

  /**
   * Returns the inode number of a process's pidfd, which no other process has until the next boot.
   */
  static long pidfdId(int pid) throws LinuxException {
    Linux.checkSupported();
    int fd = SystemCalls.pidfdOpen(pid);
    if (fd < 0) {
      throw new LinuxException("cannot open process " + pid, -fd);
    }
    try (LinuxFile pidfd = LinuxFile.adopt(Path.of("process " + pid), fd)) {
      return pidfd.inode();
    }
  }

  /** Returns the open file of a descriptor, which has to be inherited. */
  private static String target(String name, int fd) throws LinuxException {
    String what =
        "cannot take descriptor %d, which LISTEN_FDS promises as \"%s\"".formatted(fd, name);
    String target;
    try {
      target = LinuxDescriptor.target(fd);
    } catch (IOException e) {
      LinuxException closed = new LinuxException(what, Errno.EBADF.number());
      closed.initCause(e);
      throw closed;
    }
    // The JVM has this file open from its start, at the first number that nobody passed.
    if (LinuxDescriptor.isClosedOnExec(fd)
        || target.equals(System.getProperty("java.home") + "/lib/modules")) {
      throw new LinuxException(
          what,
          Errno.EBADF.number(),
          Map.of(Errno.EBADF, "it is %s, which was not inherited".formatted(target)));
    }
    return target;
  }

  private static LinuxDescriptor adopt(String target, int fd) throws IOException {
    LinuxDescriptor descriptor;
    if (target.startsWith(LiveUpdateSession.TARGET)) {
      descriptor = new LiveUpdateSession(target.substring(LiveUpdateSession.TARGET.length()), fd);
    } else if (target.startsWith("/")) {
      String memory = "/memfd:";
      descriptor =
          LinuxFile.adopt(Path.of(target.startsWith(memory) ? target.substring(1) : target), fd);
    } else {
      descriptor = new LinuxDescriptor(Path.of(target), fd);
    }
    descriptor.closeOnExec();
    return descriptor;
  }
}
