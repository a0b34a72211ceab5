package org.kho4j.linux;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;

/**
 * The Live Update Orchestrator's device, {@code /dev/liveupdate} (Linux 6.19): creates and
 * retrieves sessions, whose descriptors survive a kexec.
 *
 * <pre>{@code
 * LiveUpdateDevice luo = LiveUpdateDevice.open();
 * LiveUpdateSession session = luo.create("orders");   // in the first kernel
 * session.preserve(1, memory);                        // and stay alive until the kexec
 *
 * LiveUpdateSession session = luo.retrieve("orders"); // in the next kernel
 * LinuxFile memory = session.retrieve(1);
 * session.finish();
 * }</pre>
 *
 * <p>One process at a time can have the device open; sessions stay when it is closed. Where systemd
 * 261 or newer runs, systemd is that process: pass it descriptors through {@link
 * NotifySocket#store} instead.
 */
public final class LiveUpdateDevice extends LinuxDescriptor {

  /** The path of the device. */
  public static final Path DEVICE = Path.of("/dev/liveupdate");

  /** Longest name of a session, in bytes. */
  public static final int MAX_NAME = 63;

  private static final int CREATE_SESSION = 0xba00;
  private static final int RETRIEVE_SESSION = 0xba01;

  private LiveUpdateDevice(Path path, int fd) {
    super(path, fd);
  }

  /**
   * Opens the device. The first open in a kernel reads the handover of the kernel before.
   *
   * @throws LinuxException ENOENT if the kernel has no LUO or runs without {@code liveupdate=on},
   *     EBUSY if another process has the device open, EIO if the handover cannot be read
   */
  public static LiveUpdateDevice open() throws LinuxException {
    return open(DEVICE);
  }

  static LiveUpdateDevice open(Path path) throws LinuxException {
    Linux.checkSupported();
    int fd = SystemCalls.open(path.toString(), SystemCalls.O_RDWR | SystemCalls.O_CLOEXEC, 0);
    if (fd < 0) {
      throw new LinuxException(
          "cannot open " + path,
          -fd,
          Map.of(
              Errno.ENOENT,
                  "the kernel has no Live Update Orchestrator, or liveupdate=on is not on its command line",
              Errno.EACCES, "only root may open the device",
              Errno.EBUSY, "another process has the device open: on systemd 261 and newer, systemd",
              Errno.EIO,
                  "the kernel could not read the incoming handover, see dmesg; this does not"
                      + " change until the next kexec"));
    }
    return new LiveUpdateDevice(path, fd);
  }

  /**
   * Creates a session to be handed over. Closing the session drops its preserved descriptors: its
   * process has to stay alive until the kexec, or pass the session to a process that does.
   *
   * @throws LinuxException EEXIST if there is a session of that name, ENOSPC or ENOMEM if there is
   *     no room for another
   */
  public LiveUpdateSession create(String name) throws LinuxException {
    return session(
        "create",
        CREATE_SESSION,
        name,
        Map.of(
            Errno.EEXIST, "a session with this name exists",
            Errno.ENOMEM, "the kernel has no memory for another session",
            Errno.ENOSPC, "the kernel has no room for another session"));
  }

  /**
   * Retrieves a session that the kernel before handed over, once.
   *
   * @throws LinuxException ENOENT if no session of that name was handed over, EINVAL if it was
   *     retrieved before
   */
  public LiveUpdateSession retrieve(String name) throws LinuxException {
    return session(
        "retrieve",
        RETRIEVE_SESSION,
        name,
        Map.of(
            Errno.ENOENT, "the previous kernel handed over no session with this name",
            Errno.EINVAL, "the session was already retrieved"));
  }

  private LiveUpdateSession session(
      String verb, int request, String name, Map<Errno, String> causes) throws LinuxException {
    checkName(name);
    try (Arena arena = Arena.ofConfined()) {
      LiveUpdateArgument argument = LiveUpdateArgument.session(arena, name);
      call(
          () -> "%s session \"%s\"".formatted(verb, name),
          causes,
          () -> SystemCalls.ioctl(descriptor(), request, argument.bytes()));
      return new LiveUpdateSession(name, argument.descriptor());
    }
  }

  /**
   * Checks a session's name.
   *
   * @throws IllegalArgumentException if it is empty, longer than {@value #MAX_NAME} bytes, or has a
   *     zero character
   */
  static void checkName(String name) {
    int length = LiveUpdateArgument.bytesOf(name);
    if (length == 0
        || length > MAX_NAME
        || name.indexOf('\0') >= 0
        || !UTF_8.newEncoder().canEncode(name)) {
      throw new IllegalArgumentException(
          "\"%s\" is no name of a session: it has 1 to %d bytes of UTF-8, none of them zero"
              .formatted(name, MAX_NAME));
    }
  }
}
