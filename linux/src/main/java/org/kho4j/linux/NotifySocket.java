package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * systemd's notification socket: a service reports its state, and stores descriptors in systemd.
 * systemd hands the descriptors to the service's next process, see {@link ListenFds}.
 *
 * <pre>{@code
 * NotifySocket systemd = NotifySocket.open().orElseThrow();
 * systemd.store("orders", memory);       // kept over restarts and crashes
 * systemd.barrier(Duration.ofSeconds(5)); // systemd has processed the message
 * systemd.ready();
 * }</pre>
 *
 * <p>The unit needs {@code Type=notify} and {@code FileDescriptorStoreMax=}, a number of
 * descriptors. With {@code FileDescriptorStorePreserve=yes} (systemd 254) systemd keeps them over a
 * stop, too, and since systemd 261 over a kexec, if the kernel has the Live Update Orchestrator.
 * Without it, systemd closes them when the unit stops.
 */
public final class NotifySocket extends LinuxDescriptor {

  /** Longest name of a stored descriptor, in characters. */
  public static final int MAX_NAME = 255;

  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int POLLFD_BYTES = 8;
  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDTIMEO = 21;

  /** Seconds that a message waits for room in the service manager's queue. */
  private static final long SEND_SECONDS = 5;

  private static final Map<Errno, String> CAUSES =
      Map.of(
          Errno.ENOENT, "there is no such socket",
          Errno.ECONNREFUSED, "no process receives there: is the service manager running?",
          Errno.EACCES, "this user may not write to the socket",
          Errno.EAGAIN,
              "the service manager does not read its messages, for %d seconds"
                  .formatted(SEND_SECONDS),
          Errno.ETOOMANYREFS, "too many descriptors are in flight: see RLIMIT_NOFILE",
          Errno.EBADF, "a descriptor to be stored is closed");

  private final String address;
  private final int storeMax;

  /** Names of the descriptors that were stored and not removed again. */
  private final List<String> stored = new ArrayList<>();

  private final Set<String> removed = new HashSet<>();

  private NotifySocket(String address, int storeMax, int fd) {
    super(Path.of(address), fd);
    this.address = address;
    this.storeMax = storeMax;
  }

  /**
   * Opens the socket of the service manager that started this process.
   *
   * @return empty if the variable NOTIFY_SOCKET is not set: no service manager, or a unit without
   *     {@code Type=notify}
   * @throws LinuxException EINVAL if the variable holds an address that is no Unix socket's
   */
  public static Optional<NotifySocket> open() throws LinuxException {
    return open(System.getenv());
  }

  static Optional<NotifySocket> open(Map<String, String> environment) throws LinuxException {
    String address = environment.getOrDefault("NOTIFY_SOCKET", "");
    if (address.isEmpty()) {
      return Optional.empty();
    }
    if (!address.startsWith("/") && !address.startsWith("@")) {
      throw invalid(address, "it is neither a path nor an abstract name, which begins with @");
    }
    int most = UnixDatagram.PATH_BYTES - (address.startsWith("/") ? 1 : 0);
    if (address.length() < 2 || address.getBytes(UTF_8).length > most) {
      throw invalid(address, "a socket's name has 2 to %d bytes".formatted(most));
    }
    Linux.checkSupported();
    int fd = SystemCalls.socket(UnixDatagram.AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC);
    if (fd < 0) {
      throw new LinuxException("cannot open a socket for NOTIFY_SOCKET=" + address, -fd);
    }
    String max = environment.getOrDefault("FDSTORE", "");
    boolean isNumber = max.matches("[0-9]{1,9}");
    NotifySocket socket = new NotifySocket(address, isNumber ? Integer.parseInt(max) : 0, fd);
    try {
      socket.boundSends(SEND_SECONDS * 1_000_000);
      return Optional.of(socket);
    } catch (LinuxException e) {
      socket.close();
      throw e;
    }
  }

  /** A service manager that hangs must not hang the service. */
  void boundSends(long micros) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment timeval = arena.allocate(JAVA_LONG, 2);
      timeval.setAtIndex(JAVA_LONG, 0, micros / 1_000_000);
      timeval.setAtIndex(JAVA_LONG, 1, micros % 1_000_000);
      call(
          () -> "bound the time of messages to " + address,
          () -> SystemCalls.setsockopt(descriptor(), SOL_SOCKET, SO_SNDTIMEO, timeval));
    }
  }

  private static LinuxException invalid(String address, String why) {
    return new LinuxException(
        "cannot use NOTIFY_SOCKET=" + address, Errno.EINVAL.number(), Map.of(Errno.EINVAL, why));
  }

  /**
   * Returns whether systemd keeps descriptors for this service: it sets the variable FDSTORE for a
   * unit with {@code FileDescriptorStoreMax=} (systemd 254).
   */
  public boolean hasStore() {
    return storeMax > 0;
  }

  /**
   * Returns the number of descriptors that systemd keeps for this service: {@code
   * FileDescriptorStoreMax=}. systemd drops a descriptor beyond that number without a report.
   */
  public int storeMax() {
    return storeMax;
  }

  /**
   * Returns whether systemd keeps one more descriptor for this service, as far as this process
   * knows: it counts the memory files and LUO sessions that systemd passed, and every call of
   * {@link #store}, without what it removed. Systemd does not say which of the descriptors that it
   * passed are in the store, so these are not counted:
   *
   * <ul>
   *   <li>a file that a directory has, as of {@code OpenFile=}, {@code ListenFIFO=} and {@code
   *       ListenSpecial=}
   *   <li>what is neither a file nor a LUO session, as sockets, pidfds and eventfds
   * </ul>
   *
   * <p>A file that was stored twice counts twice, though systemd keeps it once. A file that this
   * process has closed counts.
   *
   * @param received the descriptors that systemd passed to this process
   */
  public synchronized boolean hasRoomBeside(List<ListenFds.Received> received)
      throws LinuxException {
    long kept = stored.size();
    for (ListenFds.Received one : received) {
      if (!removed.contains(one.name()) && isOfStore(one.descriptor())) {
        kept++;
      }
    }
    return kept < storeMax;
  }

  private static boolean isOfStore(LinuxDescriptor descriptor) throws LinuxException {
    return descriptor instanceof LinuxFile file
        ? file.isClosed() || !file.isLinked()
        : descriptor instanceof LiveUpdateSession;
  }

  /** Reports that the service is started (READY=1). */
  public void ready() throws LinuxException {
    send("READY=1");
  }

  /** Reports that the service is stopping (STOPPING=1). */
  public void stopping() throws LinuxException {
    send("STOPPING=1");
  }

  /** Reports a line of text, which {@code systemctl status} shows (STATUS=). */
  public void status(String line) throws LinuxException {
    if (line.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("a status is one line: \"" + line + "\"");
    }
    send("STATUS=" + line);
  }

  /**
   * Stores a duplicate of a descriptor in systemd (FDSTORE=1). Several descriptors may have one
   * name; systemd drops a second descriptor of the same file. FDPOLL=0 makes systemd keep it
   * whatever happens at its other end.
   *
   * <p>A LUO session can be stored, too: systemd then preserves the session by its name.
   *
   * @param name see {@link #checkName}
   * @throws IllegalStateException if the unit has no descriptor store; nothing was sent
   */
  public void store(String name, LinuxDescriptor descriptor) throws LinuxException {
    checkName(name);
    if (!hasStore()) {
      throw new IllegalStateException(
          "systemd keeps no descriptors for this service: its unit needs FileDescriptorStoreMax=,"
              + " and systemd 254 or newer");
    }
    callWith(
        descriptor,
        () -> "store %s as \"%s\" at %s".formatted(descriptor.path(), name, address),
        CAUSES,
        () -> sendmsg("FDSTORE=1\nFDNAME=" + name + "\nFDPOLL=0", descriptor.descriptor()));
    synchronized (this) {
      stored.add(name);
    }
  }

  /** Returns the names with which this process stored descriptors and did not remove them. */
  public synchronized List<String> stored() {
    return List.copyOf(stored);
  }

  /** Makes systemd drop all descriptors of that name (FDSTOREREMOVE=1). */
  public void remove(String name) throws LinuxException {
    checkName(name);
    send("FDSTOREREMOVE=1\nFDNAME=" + name);
    synchronized (this) {
      stored.removeIf(name::equals);
      removed.add(name);
    }
  }

  /**
   * Checks the name of a descriptor (FDNAME): ASCII characters from space to tilde, without the
   * colon, which separates names in LISTEN_FDNAMES. systemd stores a descriptor of another name as
   * {@code stored}.
   *
   * @throws IllegalArgumentException if it is empty, longer than {@value #MAX_NAME}, or has another
   *     character
   */
  public static void checkName(String name) {
    boolean valid = name.chars().allMatch(c -> c >= ' ' && c <= '~' && c != ':');
    if (!valid || name.isEmpty() || name.length() > MAX_NAME) {
      throw new IllegalArgumentException(
          "\"%s\" is no name of a descriptor: it has 1 to %d ASCII characters, without ':' and control characters"
              .formatted(name, MAX_NAME));
    }
  }

  /**
   * Waits until systemd has processed all earlier messages of this process (BARRIER=1). systemd
   * reports nothing else: it also drops messages that it does not accept, such as those of a
   * process that {@code NotifyAccess=} does not cover.
   *
   * @throws LinuxException ETIMEDOUT if it takes longer than {@code timeout}; EAGAIN if the message
   *     cannot be sent within 5 seconds, as with all messages
   */
  public void barrier(Duration timeout) throws LinuxException {
    String what = "wait for " + address;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pipe = arena.allocate(JAVA_INT, 2);
      check(what, SystemCalls.pipe(pipe, SystemCalls.O_CLOEXEC));
      int read = pipe.getAtIndex(JAVA_INT, 0);
      int write = pipe.getAtIndex(JAVA_INT, 1);
      try {
        call(() -> what, CAUSES, () -> sendmsg("BARRIER=1", write));
      } finally {
        SystemCalls.close(write);
      }
      try {
        awaitHangUp(what, arena, read, timeout);
      } finally {
        SystemCalls.close(read);
      }
    }
  }

  /**
   * Waits until systemd closes its end of the pipe, which it does when it processes the message.
   */
  private static void awaitHangUp(String what, Arena arena, int read, Duration timeout)
      throws LinuxException {
    MemorySegment pollfd = arena.allocate(POLLFD_BYTES, Integer.BYTES);
    pollfd.set(JAVA_INT, 0, read);
    pollfd.set(JAVA_SHORT, 4, (short) 0);
    MemorySegment timespec = arena.allocate(JAVA_LONG, 2);
    timespec.setAtIndex(JAVA_LONG, 0, timeout.toSeconds());
    timespec.setAtIndex(JAVA_LONG, 1, timeout.toNanosPart());
    int result;
    do {
      // ppoll writes the remaining time into the timespec
      result = SystemCalls.poll(pollfd, 1, timespec);
    } while (result == -Errno.EINTR.number());
    check(what, result == 0 ? -Errno.ETIMEDOUT.number() : result);
  }

  private static void check(String what, int result) throws LinuxException {
    if (result < 0) {
      throw new LinuxException("cannot " + what, -result);
    }
  }

  private void send(String text) throws LinuxException {
    call(
        () -> "send %s to %s".formatted(text.replace('\n', ' '), address),
        CAUSES,
        () -> sendmsg(text));
  }

  private long sendmsg(String text, int... descriptors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = UnixDatagram.of(arena, address, text, descriptors);
      long result;
      do {
        result = SystemCalls.sendmsg(descriptor(), message, MSG_NOSIGNAL);
      } while (result == -Errno.EINTR.number());
      return result;
    }
  }
}
