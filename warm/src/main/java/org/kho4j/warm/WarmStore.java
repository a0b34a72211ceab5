package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.EPOCH_AT;
import static org.kho4j.warm.StoreLayout.STATE_AT;
import static org.kho4j.warm.WarmException.Reason.FENCED;
import static org.kho4j.warm.WarmException.Reason.LOCKED;
import static org.kho4j.warm.WarmException.Reason.ROOM;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.pages.AddressRange;

/**
 * Named regions of off-heap memory that outlive the process: in a file, or in a memory file that
 * systemd keeps.
 *
 * <pre>{@code
 * WarmOptions options = WarmOptions.of("orders", 8L << 30).withSchema(3);
 * try (WarmStore store = WarmStore.open(Path.of("/dev/shm/orders"), options)) {
 *   Region book = store.region("book").orElseGet(() -> store.allocate("book", 4L << 30));
 *   store.commit();                       // the directory of regions survives from here on
 *   MemorySegment bytes = book.segment(); // what is stored here survives at once
 * }
 * }</pre>
 *
 * <p><b>Directory.</b> {@link #allocate}, {@link Region#grow} and {@link Region#drop} change the
 * directory of regions, and {@link #commit} makes the changes last. After a crash at any
 * instruction the directory is that of the last commit, or of the interrupted commit.
 *
 * <p><b>Content.</b> Regions are the file's memory: a stored byte survives the process without a
 * commit. After a crash, another process finds all bytes that the dead process stored, in the order
 * of its instructions. The JIT compiler may reorder plain stores; use {@code VarHandle.setRelease}
 * for a store that others must precede. Content that has to change together belongs into a {@link
 * #begin transaction}.
 *
 * <p><b>Owner.</b> One process has a store open. The kernel drops its lock when it dies. Safe for
 * use by several threads; while one of them has a transaction, the others wait in every method that
 * reads or changes the regions.
 *
 * <p>Memory does not survive a power failure. A file on a disk then has only the pages that the
 * kernel wrote back; checksums detect the difference (see {@link WarmOptions#checksums}).
 */
public final class WarmStore implements AutoCloseable {

  /** Smallest size of a store in bytes. */
  public static final long MIN_SIZE = 1L << 20;

  private static final long LARGE = 2L << 20;

  private final StoreMemory memory;
  private final StoreIdentity identity;
  private final boolean checksums;
  private final boolean wasClean;
  private final Optional<SetAside> setAside;
  private final StoreLock lock;
  private final TreeMap<String, Region> regions = new TreeMap<>();
  private final FreeSpace free;
  private final UndoLog log;
  private final long epoch;
  private final List<AddressRange> freedByCommit = new ArrayList<>();

  /** Where the next set is stored: of the live set's length, or empty if there was no room. */
  private AddressRange spare;

  private volatile CommitSlot live;
  private List<WarmDirectory.Entry> committed;
  private @Nullable Transaction transaction;
  private boolean leftToNextOwner;
  private boolean closed;

  WarmStore(
      StoreMemory memory, StoreContent content, boolean checksums, Optional<SetAside> setAside) {
    this.memory = memory;
    this.lock = new StoreLock(memory.path());
    this.identity = content.identity();
    this.live = content.live();
    this.free = content.free();
    this.log = new UndoLog(memory, identity.log());
    this.checksums = checksums;
    this.setAside = setAside;
    this.wasClean = memory.get(STATE_AT) == StoreLayout.CLEAN;
    this.committed = content.directory().regions();
    for (WarmDirectory.Entry entry : committed) {
      Region region = new Region(this, entry, wasClean);
      region.markCommitted();
      regions.put(entry.name(), region);
    }
    this.epoch = memory.get(EPOCH_AT) + 1;
    memory.publish(EPOCH_AT, epoch);
    BootId.write(memory);
    memory.publish(STATE_AT, StoreLayout.DIRTY);
    log.rollBack();
    content.finishCommit(memory);
    this.spare =
        free.take(live.set().length(), identity.pageSize().bytes()).orElse(AddressRange.EMPTY);
  }

  /**
   * Opens the store in a file, or creates it, never through a symbolic link.
   *
   * @throws WarmException if the store cannot be opened; the exception has the reason, and nothing
   *     was changed
   * @throws IOException if a system call fails
   */
  public static WarmStore open(Path path, WarmOptions options) throws IOException {
    return StoreFiles.open(path, options);
  }

  /** Returns the store's name. */
  public String name() {
    return identity.name();
  }

  /**
   * Returns the path of the store's file, for messages; of a memory file, {@code memfd:} and its
   * name, and after a restart what {@code /proc} adds.
   */
  public Path path() {
    return memory.path();
  }

  /** Returns whether this owner created the store. */
  public boolean isNew() {
    return epoch == 1;
  }

  /** Returns the size of the store in bytes, its metadata included. */
  public long size() {
    return identity.size();
  }

  /**
   * Returns the bytes that regions and directories can still take. A region of all of them is
   * refused if the directory needs some of them.
   */
  public long freeBytes() {
    return locked(free::bytes);
  }

  /**
   * Returns whether the owner before closed the store. False if that owner crashed; true if there
   * was none.
   */
  public boolean wasClean() {
    return wasClean;
  }

  /**
   * A store that would not open, in whose place a new one was created.
   *
   * @param path its path now; of a memory file that systemd keeps, {@code memfd:} and the name of
   *     its descriptor
   * @param reason the reason why it would not open
   */
  public record SetAside(Path path, WarmException reason) {}

  /** Returns the store that was set aside because it would not open; empty if none was. */
  public Optional<SetAside> setAside() {
    return setAside;
  }

  /** Returns the number of the last commit, from 1 on. */
  public long generation() {
    return live.generation();
  }

  /** Returns the regions, in the order of their names. */
  public Collection<Region> regions() {
    return locked(() -> List.copyOf(regions.values()));
  }

  /** Returns the region of that name. */
  public Optional<Region> region(String name) {
    return locked(() -> Optional.ofNullable(regions.get(name)));
  }

  /**
   * Returns the region of that name and schema.
   *
   * @throws WarmException if the region has another schema
   */
  public Optional<Region> region(String name, long schema) {
    Optional<Region> region = region(name);
    region
        .filter(found -> found.schema() != schema)
        .ifPresent(found -> {
          throw new WarmException(
              WarmException.Reason.SCHEMA,
              "%s: region \"%s\" has schema %d, not %d"
                  .formatted(path(), name, found.schema(), schema));
        });
    return region;
  }

  /** Allocates a region of schema 0, see {@link #allocate(String, long, long)}. */
  public Region allocate(String name, long bytes) {
    return allocate(name, bytes, 0);
  }

  /**
   * Allocates a region of zeros. It survives from the next {@link #commit} on, by whichever thread,
   * {@link #close} included: a region that is not completely filled then needs a mark in it that
   * says so.
   *
   * @param name 1 to 63 bytes of UTF-8
   * @param bytes at least 1
   * @param schema the application's number for the content
   * @throws WarmException if there is not enough room, or another process has opened the store
   *     meanwhile
   * @throws IllegalArgumentException if there is a region of that name
   */
  public Region allocate(String name, long bytes, long schema) {
    StoreLayout.checkName("region", name);
    return locked(() -> {
      requireOwner();
      if (regions.containsKey(name)) {
        throw new IllegalArgumentException(
            "%s: region \"%s\" already exists".formatted(path(), name));
      }
      List<AddressRange> extents = extents(name, bytes);
      WarmDirectory.Entry entry =
          new WarmDirectory.Entry(name, schema, bytes, OptionalInt.empty(), extents);
      makeReady(entry, extents);
      Region region = new Region(this, entry, false);
      regions.put(name, region);
      return region;
    });
  }

  /** Takes free memory, in as few extents as possible. */
  List<AddressRange> extents(String name, long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException(
          "%s: region \"%s\" of %d bytes: a region has at least 1".formatted(path(), name, bytes));
    }
    long page = identity.pageSize().bytes();
    long whole = wholePages(name, bytes);
    if (whole > free.bytes()) {
      throw noRoom(name, bytes);
    }
    List<AddressRange> extents = new ArrayList<>();
    free.take(whole, whole >= LARGE ? LARGE : page)
        .or(() -> free.take(whole, page))
        .ifPresentOrElse(extents::add, () -> extents.addAll(free.takePieces(whole)));
    return extents;
  }

  /**
   * Clears memory that was taken for a region. Gives it back if that fails, or if a commit would
   * have no room for the directory with it: {@link #close} could not commit the region.
   *
   * @param changed the entry with the new memory
   */
  void makeReady(WarmDirectory.Entry changed, List<AddressRange> added) {
    boolean ready = false;
    try {
      requireRoomToCommit(changed);
      added.forEach(memory::clear);
      ready = true;
    } finally {
      if (!ready) {
        added.forEach(free::give);
      }
    }
  }

  private void requireRoomToCommit(WarmDirectory.Entry changed) {
    // More than the directory: an entry has 96 bytes, and an extent of at least a page 16.
    long most = CommitSet.most(identity, 256L * (regions.size() + 1) + identity.size() / 128);
    // Two sets, each in a place of up to twice its size.
    if (free.largest() >= 4 * most) {
      return;
    }
    WarmDirectory directory =
        directory(
            Stream.concat(
                    regions.values().stream()
                        .filter(region -> !region.name().equals(changed.name()))
                        .map(Region::entry),
                    Stream.of(changed))
                .sorted(Comparator.comparing(WarmDirectory.Entry::name))
                .toList());
    FreeSpace rest = free.copy();
    try (CommitSet set = new CommitSet(directory, identity)) {
      Optional<Places> places = places(set, directory, rest);
      // Room for a commit after this one that drops regions, too.
      if (places.flatMap(Places::next).isEmpty()
          || (places.get().set().length() < set.most() && rest.largest() < set.most())) {
        throw noRoom(directory);
      }
    }
  }

  private WarmDirectory directory(List<WarmDirectory.Entry> entries) {
    return new WarmDirectory(
        live.generation() + 1, identity.name(), identity.schema(), identity.size(), entries);
  }

  /**
   * The places of a set, and of the same set in the commit after it.
   *
   * @param next empty if there is no room
   */
  private record Places(AddressRange set, Optional<AddressRange> next) {}

  /**
   * Builds a set, and finds the place of the next one. Both are taken from the free memory if they
   * have to be; {@link #spare} is free if it is neither.
   *
   * @return empty if there is no room for the set; nothing was taken then
   */
  private Optional<Places> places(CommitSet set, WarmDirectory directory, FreeSpace from) {
    AddressRange former = live.set();
    Optional<AddressRange> place = set.place(from, spare);
    if (place.isEmpty()) {
      return Optional.empty();
    }
    boolean isSpare = place.get().equals(spare);
    if (!isSpare) {
      from.give(spare);
    }
    boolean done = false;
    try {
      Optional<AddressRange> next = Optional.of(former);
      // With much free memory, the next commit finds another place where this one is too small.
      boolean fits = former.length() >= set.most() || from.largest() >= 4 * set.most();
      if (former.length() < place.get().length() || !fits) {
        try (CommitSet again = new CommitSet(directory, identity)) {
          next = again.place(from, former);
        }
      }
      done = true;
      return Optional.of(new Places(place.get(), next));
    } finally {
      if (!done && !isSpare) {
        from.give(place.get());
        from.takeAt(spare);
      }
    }
  }

  /**
   * Returns the bytes of a region, rounded up to pages.
   *
   * @throws WarmException if they are more than the store has
   */
  long wholePages(String name, long bytes) {
    if (bytes > identity.size()) {
      throw noRoom(name, bytes);
    }
    long page = identity.pageSize().bytes();
    return (bytes + page - 1) & -page;
  }

  private WarmException noRoom(String name, long bytes) {
    return new WarmException(
        ROOM,
        "%s: no room for %d bytes of region \"%s\": %d of %d bytes are free"
            .formatted(path(), bytes, name, free.bytes(), identity.size()));
  }

  /** Takes memory right behind an extent, if it is free. */
  boolean extendInPlace(AddressRange more) {
    return free.takeAt(more);
  }

  /** Frees memory that was taken since the last commit, and is in no directory. */
  void giveBack(AddressRange range) {
    free.give(range);
  }

  /**
   * Takes a region out of the directory. The next commit frees the memory that the last commit has;
   * the rest is free at once.
   */
  void remove(Region region) {
    regions.remove(region.name(), region);
    freedByCommit.addAll(region.committedExtents());
    region.addedExtents().forEach(free::give);
  }

  /**
   * Makes the directory of regions permanent. After a crash within this call, the directory is the
   * former one or this one. It takes room for this directory and for the next one: {@link
   * #allocate} and {@link Region#grow} leave enough for both, so that {@link #close} has it.
   *
   * @throws WarmException if there is no room for the directory, or another process has opened the
   *     store meanwhile, or its file was removed; the former directory remains then
   */
  public void commit() {
    locked(() -> {
      commit(regions.values().stream().map(Region::entry).toList());
      return true;
    });
  }

  private void commit(List<WarmDirectory.Entry> entries) {
    requireOwner();
    requireFile();
    WarmDirectory directory = directory(entries);
    try (CommitSet set = new CommitSet(directory, identity)) {
      Places places = places(set, directory, free).orElseThrow(() -> noRoom(directory));
      AddressRange former = live.set();
      // Without room for the next set, there is some when this commit has freed what was dropped.
      AddressRange next = places.next().orElse(former);
      // Should the store fail, as on a full disk, the next commit tries the same place.
      spare = places.set();
      boolean stored = false;
      try {
        live = set.store(memory, live, places.set());
        stored = true;
      } finally {
        if (!stored && !next.equals(former)) {
          free.give(next);
        }
      }
      spare = next;
      if (!next.equals(former)) {
        free.give(former);
      }
    }
    committed = directory.regions();
    regions.values().forEach(Region::markCommitted);
    freedByCommit.forEach(free::give);
    freedByCommit.clear();
  }

  /** Refuses to commit where nothing finds the store again. */
  private void requireFile() {
    if (!memory.isLinked()) {
      throw new WarmException(
          FENCED,
          path() + ": the file was removed or replaced: no other process can find this store");
    }
  }

  private WarmException noRoom(WarmDirectory directory) {
    return new WarmException(
        ROOM,
        ("%s: no room for a directory of %d regions: it has to be in one piece, and the largest of"
                + " the %d free bytes has %d")
            .formatted(path(), directory.regions().size(), free.bytes(), free.largest()));
  }

  /**
   * Begins a transaction, after that of another thread. It is for bytes of regions: a roll-back
   * does not undo {@link #allocate}, {@link Region#grow} and {@link #commit}.
   *
   * @throws IllegalStateException if this thread has a transaction, or a thread that has ended left
   *     one open
   */
  public Transaction begin() {
    lock.lock();
    try {
      requireOwner();
      requireNoTransaction();
      log.begin();
      transaction = new Transaction(this, log);
      return transaction;
    } catch (RuntimeException | Error e) {
      lock.unlock();
      throw e;
    }
  }

  /** Refuses another thread than the one that began the transaction. */
  void requireTransactionThread() {
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException(path() + ": another thread began the transaction");
    }
  }

  /** Ends a transaction: another thread may begin its own. */
  void ended() {
    transaction = null;
    lock.unlock();
  }

  StoreMemory memory() {
    return memory;
  }

  /** Runs an action while no other thread uses the store. */
  <T> T locked(java.util.function.Supplier<T> action) {
    lock.lock();
    try {
      requireOpen();
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(path() + " is closed");
    }
  }

  void requireOwner() {
    requireOpen();
    if (!isOwner()) {
      throw new WarmException(
          FENCED,
          "%s: this owner has epoch %d, the store %d: another process has opened it"
              .formatted(path(), epoch, memory.get(EPOCH_AT)));
    }
    if (leftToNextOwner) {
      throw new WarmException(
          WarmException.Reason.DAMAGED,
          path() + ": a transaction was not rolled back: the next owner has to do it");
    }
  }

  /** Refuses all further commits, and the clean mark: the undo log still has a transaction. */
  void leaveToNextOwner() {
    leftToNextOwner = true;
  }

  /** Returns whether no other process has opened the store since. */
  boolean isOwner() {
    return memory.get(EPOCH_AT) == epoch;
  }

  void requireNoTransaction() {
    if (transaction != null) {
      throw new IllegalStateException(path() + ": a transaction of this thread is not ended");
    }
  }

  /**
   * Commits, marks the store clean, and releases it. Segments of its regions end first: a thread
   * that uses one gets an {@link IllegalStateException}, and nothing is stored after the mark. A
   * transaction of this thread is rolled back; that of another thread is waited for, unless that
   * thread has ended or waits in {@code System.exit}.
   *
   * @throws IllegalStateException if another thread is in a system call or native call on a
   *     segment, as in {@code channel.write(segment.asByteBuffer())}. The store is still open then,
   *     and can be closed when that call has ended; segments of other regions may have ended, and
   *     {@link Region#segment} maps them again. Or if such a thread left a transaction open: the
   *     store is released then, without the clean mark, and the next owner rolls the transaction
   *     back
   * @throws WarmException if another process has opened the store meanwhile, its file was removed,
   *     a transaction could not be rolled back, or there is no room for a directory that was
   *     changed since the last commit. The store is released then, without the clean mark
   */
  @Override
  public void close() {
    if (!lock.lockUnlessOrphaned()) {
      if (release()) {
        throw lock.orphaned();
      }
      return;
    }
    try {
      if (closed) {
        return;
      }
      regions.values().forEach(Region::unmap);
      try {
        if (transaction != null) {
          transaction.close();
        }
        requireOwner();
        requireFile();
        List<WarmDirectory.Entry> entries =
            regions.values().stream()
                .map(region -> checksums ? region.entryWithChecksum() : region.entry())
                .toList();
        if (!entries.equals(committed)) {
          commit(entries);
        }
        memory.publish(STATE_AT, StoreLayout.CLEAN);
      } finally {
        closed = true;
        memory.close();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Releases the store without a commit and without the clean mark: the next owner finds that this
   * one crashed. It rolls back a transaction of this thread, or of a thread that has ended.
   *
   * @throws IllegalStateException if another thread is in a call on a segment, as {@link #close}
   *     does
   */
  public void abandon() {
    if (!lock.lockUnlessOrphaned()) {
      release();
      return;
    }
    try {
      if (!closed) {
        release();
        if (transaction != null) {
          transaction.leave();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Releases the store, unless that is done. Synchronized for threads that find the lock orphaned.
   */
  private synchronized boolean release() {
    boolean released = !closed;
    if (released) {
      regions.values().forEach(Region::unmap);
      closed = true;
      memory.close();
    }
    return released;
  }

  /** Returns the exception for a store that another owner has locked. */
  static WarmException inUse(Path path) {
    return new WarmException(
        LOCKED, path + " is in use: another process, or another store of this one, has it open");
  }
}
