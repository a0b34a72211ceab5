package org.kho4j.warm;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.kho4j.linux.Linux;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.LinuxFile;
import org.kho4j.linux.ListenFds;
import org.kho4j.linux.NotifySocket;
import org.kho4j.warm.WarmStore.SetAside;

/**
 * Opens a store in a memory file that systemd keeps across restarts and crashes of the service,
 * with {@code FileDescriptorStorePreserve=yes} across a stop, and since systemd 261 across a kexec.
 *
 * <pre>{@code
 * NotifySocket systemd = NotifySocket.open().orElseThrow();
 * WarmStore store = SystemdStore.open(ListenFds.take(), systemd, WarmOptions.of("orders", 8L << 30));
 * …
 * systemd.ready();
 * }</pre>
 *
 * <p>The unit has {@code Type=notify} and {@code FileDescriptorStoreMax=}, at least 2 for each
 * store. The descriptor's name is the store's, a dot and a number, as {@code orders.1}. If there
 * are several, the store with the highest generation is opened and the others are removed; stores
 * that cannot be opened stay in systemd's store. systemd preserves them over the kexec: the service
 * itself never opens {@code /dev/liveupdate}. The kexec allocates the holes of a store that does
 * not reserve.
 */
public final class SystemdStore {

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private SystemdStore() {}

  private record Candidate(String name, LinuxFile file, long generation) {}

  /**
   * Opens the store that systemd kept, or creates a store and passes it to systemd.
   *
   * @param received the descriptors that systemd passed to this process. Those with the store's
   *     name are closed when the store is open, so that the memory of stores that systemd removes
   *     is freed; those of other names are not touched
   * @param systemd the service manager's socket
   * @throws WarmException if systemd kept stores of that name and none can be opened, unless {@link
   *     WarmOptions#setAside}; if a store has to be created, and systemd keeps as many descriptors
   *     as it may ({@link NotifySocket#hasRoomBeside})
   * @throws IllegalStateException if the unit has no descriptor store; if this process has opened
   *     the store before: systemd passes its descriptors only to a process that it starts
   */
  public static WarmStore open(
      List<ListenFds.Received> received, NotifySocket systemd, WarmOptions options)
      throws IOException {
    NotifySocket.checkName(options.name() + ".1");
    requireNotPassed(systemd.stored(), options.name());
    Found found = find(received, options);
    try {
      for (String name : found.superseded) {
        systemd.remove(name);
      }
    } catch (IOException | RuntimeException e) {
      found.store.ifPresent(WarmStore::abandon);
      throw e;
    }
    if (found.store.isEmpty() && systemd.hasStore()) {
      requireRoom(received, systemd, options.name());
    }
    WarmStore store = found.store.isPresent() ? found.store.get() : create(options, found, systemd);
    closeThoseOf(options.name(), received);
    return store;
  }

  /** Refuses a second store of a name, which would hide the commits of one of the two. */
  static void requireNotPassed(List<String> passed, String store) {
    if (passed.stream().anyMatch(name -> number(name, store) > 0)) {
      throw new IllegalStateException(
          ("store \"%s\": this process has already passed it to systemd, which passes it back only"
                  + " to a process that it starts")
              .formatted(store));
    }
  }

  static void closeThoseOf(String store, List<ListenFds.Received> received) {
    received.stream()
        .filter(one -> number(one.name(), store) > 0)
        .forEach(one -> one.descriptor().close());
  }

  /** Refuses to create a store that systemd would drop without a report. */
  private static void requireRoom(
      List<ListenFds.Received> received, NotifySocket systemd, String name) throws IOException {
    if (!systemd.hasRoomBeside(received)) {
      throw new WarmException(
          WarmException.Reason.ROOM,
          ("systemd keeps at most %d descriptors for this service, and has as many: it would drop a"
                  + " new store \"%s\". Raise FileDescriptorStoreMax= (2 for each store), or stop the"
                  + " unit and remove what it keeps with systemctl clean --what=fdstore")
              .formatted(systemd.storeMax(), name));
    }
  }

  /**
   * The stores found among systemd's descriptors.
   *
   * @param store the store, if one could be opened
   * @param superseded names of descriptors whose stores have a lower generation
   * @param nextNumber for the name of a store that is created
   * @param refused a store that could not be opened, if none could
   */
  record Found(
      Optional<WarmStore> store,
      List<String> superseded,
      int nextNumber,
      Optional<SetAside> refused) {}

  static Found find(List<ListenFds.Received> received, WarmOptions options) throws IOException {
    List<Candidate> candidates = new ArrayList<>();
    List<SetAside> refusals = new ArrayList<>();
    int highest = 0;
    for (ListenFds.Received one : received) {
      int number = number(one.name(), options.name());
      if (number > 0 && one.descriptor() instanceof LinuxFile file) {
        highest = Math.max(highest, number);
        try {
          candidates.add(new Candidate(one.name(), file, generation(file, options)));
        } catch (WarmException e) {
          refusals.add(refused(one.name(), e));
        } catch (LinuxException e) {
          if (!e.isUnwritable()) {
            throw e; // A next attempt may find a store there.
          }
          refusals.add(
              refused(
                  one.name(),
                  new WarmException(WarmException.Reason.FOREIGN, String.valueOf(e.getMessage()))));
        }
      }
    }
    candidates.sort(Comparator.comparingLong(Candidate::generation).reversed());
    for (Candidate candidate : candidates) {
      try {
        WarmStore store = attach(candidate.file, options);
        List<String> superseded =
            candidates.stream()
                .filter(other -> other.generation < candidate.generation)
                .map(Candidate::name)
                // systemd removes all descriptors of a name
                .filter(name -> !name.equals(candidate.name))
                .toList();
        return new Found(Optional.of(store), superseded, highest + 1, Optional.empty());
      } catch (WarmException e) {
        if (!e.isLasting()) {
          throw e;
        }
        refusals.add(refused(candidate.name, e));
      }
    }
    if (!refusals.isEmpty() && !options.setAside()) {
      throw refusals.getLast().reason();
    }
    return new Found(
        Optional.empty(), List.of(), highest + 1, refusals.reversed().stream().findFirst());
  }

  private static SetAside refused(String name, WarmException reason) {
    return new SetAside(Path.of("memfd:" + name), reason);
  }

  /** Opens a store with its lock and mappings on a file description that systemd does not share. */
  private static WarmStore attach(LinuxFile file, WarmOptions options) throws IOException {
    StoreFiles.seal(file);
    return StoreFiles.attach(file.reopen(), options);
  }

  /**
   * Returns a store's generation.
   *
   * @throws WarmException if the store cannot be opened
   */
  private static long generation(LinuxFile file, WarmOptions options) throws IOException {
    try (LinuxFile own = file.reopen()) {
      StoreContent.requireSize(file.path(), own.size());
      StoreMemory memory = new FileStoreMemory(own);
      try {
        StoreContent content = StoreContent.read(memory);
        content.require(file.path(), options, Linux.effectiveUser());
        return content.live().generation();
      } finally {
        memory.close();
      }
    }
  }

  private static WarmStore create(WarmOptions options, Found found, NotifySocket systemd)
      throws IOException {
    String name = options.name() + "." + found.nextNumber;
    try (LinuxFile file = StoreFiles.createInMemory(options)) {
      systemd.store(name, file);
      try {
        systemd.barrier(PATIENCE);
        return StoreFiles.attach(file.reopen(), options, found.refused);
      } catch (IOException | RuntimeException e) {
        try {
          systemd.remove(name);
        } catch (LinuxException unremoved) {
          e.addSuppressed(unremoved);
        }
        throw e;
      }
    }
  }

  /** Returns the number behind the store's name; 0 if the name is another store's. */
  private static int number(String name, String store) {
    if (!name.startsWith(store + ".")) {
      return 0;
    }
    try {
      int number = Integer.parseInt(name.substring(store.length() + 1));
      return number < Integer.MAX_VALUE ? number : 0; // The next one has a number, too.
    } catch (NumberFormatException _) {
      return 0;
    }
  }
}
