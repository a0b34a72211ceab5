package org.kho4j.preflight.host;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The processes that have LUO's device or a session open, found by the descriptors in {@code
 * /proc}. A session ends with its last descriptor. A descriptor in transit through a socket shows
 * in no process.
 *
 * @param holders of {@code /dev/liveupdate}: one process at most has it open at a time, and those
 *     that inherited the descriptor
 * @param sessions by name
 * @param hidden processes whose descriptors this one may not see
 * @param isOfHost whether {@code /proc} shows the processes of the host: that of a container may
 *     have PIDs of its own, and a copy of a host's files may lack descriptors
 */
public record LiveUpdateUse(
    List<Holder> holders, List<OpenSession> sessions, int hidden, boolean isOfHost) {

  private static final String DEVICE = "/dev/liveupdate";

  /** The name that the kernel gives to the file of a session (Linux 7.3). */
  private static final String SESSION = "anon_inode:[luo_session] ";

  /** Most processes of a kernel: PID_MAX_LIMIT. */
  private static final int MAX_PROCESSES = 1 << 22;

  public LiveUpdateUse {
    holders = List.copyOf(holders);
    sessions = List.copyOf(sessions);
  }

  /**
   * A process.
   *
   * @param pid its number
   * @param command its name, 15 bytes at most
   */
  public record Holder(long pid, String command) {}

  /**
   * An open session.
   *
   * @param name as its creator gave it
   * @param holders the processes that have it open
   */
  public record OpenSession(String name, List<Holder> holders) {

    public OpenSession {
      holders = List.copyOf(holders);
    }

    /**
     * Returns whether init has the session open: systemd keeps the descriptors of its units'
     * stores.
     */
    public boolean isHeldByInit() {
      return holders.stream().anyMatch(holder -> holder.pid() == 1);
    }
  }

  /** Returns whether no process can have a session that is not in the list. */
  public boolean isComplete() {
    return isOfHost && hidden == 0;
  }

  /**
   * Reads the descriptors of every process of the host.
   *
   * @param root the host's root directory
   */
  public static LiveUpdateUse read(Path root) throws IOException {
    return new Reader(root).read();
  }

  private static final class Reader {

    private final Path proc;
    private final HostFiles files;
    private final Set<Holder> holders = new LinkedHashSet<>();
    private final Map<String, Set<Holder>> sessions = new TreeMap<>();
    private int hidden;

    Reader(Path root) {
      proc = root.resolve("proc");
      files = new HostFiles(root);
    }

    LiveUpdateUse read() throws IOException {
      List<Long> processes = new ArrayList<>();
      boolean empty = true;
      try (DirectoryStream<Path> all = Files.newDirectoryStream(proc)) {
        for (Path file : all) {
          empty = false;
          String name = file.getFileName().toString();
          if (name.matches("[1-9][0-9]{0,9}") && processes.size() < MAX_PROCESSES) {
            processes.add(Long.parseLong(name));
          }
        }
      } catch (NoSuchFileException e) {
        throw new IOException(proc + " is not there: is it mounted?", e);
      }
      if (empty) {
        throw new IOException(proc + " is empty: is it mounted?");
      }
      processes.sort(Comparator.naturalOrder());
      for (long process : processes) {
        descriptors(process);
      }
      List<OpenSession> open = new ArrayList<>();
      sessions.forEach((name, by) -> open.add(new OpenSession(name, List.copyOf(by))));
      return new LiveUpdateUse(List.copyOf(holders), open, hidden, isOfHost());
    }

    /** The kernel's thread with PID 2 is in no PID namespace but the first. */
    private boolean isOfHost() throws IOException {
      return Files.isDirectory(proc.resolve("1/fd"))
          && files.text("proc/2/comm").equals(Optional.of("kthreadd"));
    }

    private void descriptors(long process) throws IOException {
      Path directory = proc.resolve(Long.toString(process)).resolve("fd");
      try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
        for (Path descriptor : all) {
          descriptor(process, descriptor);
        }
      } catch (AccessDeniedException | NotDirectoryException | NotLinkException e) {
        // This process may not see them, or a copy of the files has something else in their place.
        hidden++;
      } catch (NoSuchFileException e) {
        // The process has ended.
      }
    }

    private void descriptor(long process, Path descriptor) throws IOException {
      String target;
      try {
        target = Files.readSymbolicLink(descriptor).toString();
      } catch (AccessDeniedException | NoSuchFileException e) {
        return; // It was closed meanwhile.
      }
      if (target.equals(DEVICE)) {
        holders.add(holder(process));
      } else if (target.startsWith(SESSION)) {
        sessions
            .computeIfAbsent(target.substring(SESSION.length()), _ -> new LinkedHashSet<>())
            .add(holder(process));
      }
    }

    private Holder holder(long process) throws IOException {
      return new Holder(process, files.text("proc/" + process + "/comm").orElse(""));
    }
  }
}
