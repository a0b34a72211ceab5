package org.kho4j.damage;

import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.memory.PhysicalMemory;

/**
 * A real kernel's memory, to be changed in one place, with the places by name. Where there are
 * several of a kind, a choice says which is meant. Little-endian.
 */
public final class GuestMemory {

  /** From here on no structure is in the memories that are damaged, counted from their start. */
  private static final long FREE = 0x6000000;

  private static final long FREE_PAGES = 0x6200000;
  private static final long FREE_END = 0x9ff0000;

  /** For memories that start at 0. */
  private static final long BOOT_RECORD = FREE_END;

  /** RAM starts at a multiple of this, but for what firmware keeps. */
  private static final long START = 1L << 30;

  private static final long REGION = 0x10000000;
  private static final long REGION_BYTES = 0x2000000;
  private static final int FILE = 64;

  final Overlay ram;
  private final Handover sound;
  private final IntUnaryOperator choice;
  private final long bootRecord;
  private final List<Long> singles = new ArrayList<>();
  private final List<Long> empties = new ArrayList<>();
  private final List<Long> pairs = new ArrayList<>();
  private long single;
  private long area;
  private int reservation = -1;
  private final PageSize pageSize;
  private final long start;
  private long nextFree;
  private long node;

  private GuestMemory(
      PhysicalMemory memory, Handover sound, long bootRecord, IntUnaryOperator choice) {
    this.ram = new Overlay(memory);
    this.sound = sound;
    this.bootRecord = bootRecord;
    this.choice = choice;
    this.pageSize = sound.pageSize();
    this.start = start(memory);
    this.nextFree = start + FREE_PAGES;
    // Before kho-v3 there are vectors only, whose sessions are not asked for.
    if (List.of("kho-v3", "kho-v4").contains(kho())
        && sound.subtree("LUO").isPresent()
        && sound.hasMap()) {
      sessionsByKind();
    }
  }

  private static long start(PhysicalMemory memory) {
    long[] start = {-1};
    memory.forEachRamRange((address, length) -> {
      start[0] = start[0] < 0 ? address : start[0];
    });
    return start[0] & -START;
  }

  /**
   * Memory at the jump. There is no boot record yet; one is added, with one scratch region. The
   * first of each kind is meant.
   */
  public static GuestMemory atTheJump(PhysicalMemory memory, Handover sound) {
    GuestMemory guest = new GuestMemory(memory, sound, BOOT_RECORD, bound -> 0);
    long array = BOOT_RECORD + 4096;
    guest.put64(array, REGION);
    guest.put64(array + 8, REGION_BYTES);
    guest.put64(BOOT_RECORD, 0);
    guest.put32(BOOT_RECORD + 8, 10);
    guest.put32(BOOT_RECORD + 12, 32);
    guest.put64(BOOT_RECORD + 16, guest.root());
    guest.put64(BOOT_RECORD + 24, 4096);
    guest.put64(BOOT_RECORD + 32, array);
    guest.put64(BOOT_RECORD + 40, 16);
    return guest;
  }

  /** Memory of a kernel that runs: there is no boot record. The first of each kind is meant. */
  public static GuestMemory running(PhysicalMemory memory, Handover sound) {
    return new GuestMemory(memory, sound, 0, bound -> 0);
  }

  /**
   * Memory as the next kernel finds it.
   *
   * @param bootRecord address of the record that leads to the handover
   * @param choice which of so many is meant: a number below its argument
   */
  public static GuestMemory atTheEntry(
      PhysicalMemory memory, Handover sound, long bootRecord, IntUnaryOperator choice) {
    return new GuestMemory(memory, sound, bootRecord, choice);
  }

  /** Returns the current memory. */
  public PhysicalMemory memory() {
    return ram;
  }

  /** Calls the visitor with each change: words of 8 bytes, as they were and as they are. */
  public void forEachChange(Overlay.ChangeVisitor visitor) {
    ram.forEachChange(visitor);
  }

  /**
   * A number below a bound.
   *
   * @throws NoSuchElementException if there is nothing to pick from
   */
  int pick(int bound) {
    if (bound == 0) {
      throw new NoSuchElementException("nothing to pick from");
    }
    return choice.applyAsInt(bound);
  }

  /** Returns one of several values, at random. */
  @SafeVarargs
  final <T> T pick(T... all) {
    return all[pick(all.length)];
  }

  private void sessionsByKind() {
    allSessions()
        .forEach(session -> {
          List<PreservedFile> files = session.files().toList();
          if (files.isEmpty()) {
            empties.add(session.address());
          } else if (files.size() == 2) {
            pairs.add(session.address());
          } else if (files.size() == 1 && hasOnePage(files.getFirst())) {
            singles.add(session.address());
          }
        });
    if (!singles.isEmpty()) {
      single = singles.get(pick(singles.size()));
    }
  }

  private boolean hasOnePage(PreservedFile memfd) {
    return Long.compareUnsigned(u64(memfd.data() + 8) - 1, pageBytes()) < 0;
  }

  private Stream<Session> allSessions() {
    return sound.client(LiveUpdate.CLIENT).orElseThrow().sessions();
  }

  long u64(long address) {
    return ram.get64(address);
  }

  void put64(long address, long value) {
    ram.put64(address, value);
  }

  void put32(long address, int value) {
    byte[] bytes = {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)};
    ram.put(address, bytes);
  }

  void put16(long address, int value) {
    ram.put(address, new byte[] {(byte) value, (byte) (value >> 8)});
  }

  void text(long address, String text) {
    ram.put(address, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Returns the address of a string, from an address on. */
  long find(long from, String bytes) {
    String page =
        new String(
            ram.read(from, 4096).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    int at = page.indexOf(bytes);
    if (at < 0) {
      throw new AssertionError("no " + bytes + " at 0x" + Long.toHexString(from));
    }
    return from + at;
  }

  /** Returns the address of a number of 8 bytes, from an address on. */
  long find(long from, long value) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < 64; i += 8) {
      bytes.append((char) (value >>> i & 0xff));
    }
    return find(from, bytes.toString());
  }

  long map() {
    return sound.preservedMap().root();
  }

  long blob(String subtree) {
    return sound.subtree(subtree).orElseThrow().address();
  }

  long sizeField(String subtree) {
    return find(find(root(), blob(subtree)) - 32, sound.subtree(subtree).orElseThrow().size());
  }

  /** The string of the root FDT: {@code "kho-v4"}. */
  String kho() {
    return sound.root().compatible();
  }

  /** The string of LUO's blob: {@code "luo-v5"}. */
  String luo() {
    return sound.client(LiveUpdate.CLIENT).orElseThrow().version().compatible();
  }

  /**
   * Returns whether sessions and files are listed in arrays, as in luo-v1, rather than in blocks.
   */
  boolean hasArrays() {
    return luo().equals("luo-v1");
  }

  /** Returns the address of the field with the sessions' address. */
  long sessionsField() {
    return hasArrays() ? Blobs.property(this, blob("LUO"), "luo-session-header") : blob("LUO") + 16;
  }

  /** Returns the address of the field with the FLBs' address. */
  long flbsField() {
    return hasArrays() ? Blobs.property(this, blob("LUO"), "luo-flb-header") : blob("LUO") + 24;
  }

  /** The first block of sessions, or their array. */
  long sessions() {
    return u64(sessionsField());
  }

  long flbs() {
    return u64(flbsField());
  }

  /** A session of one file: a memfd of one page. */
  long single() {
    return single;
  }

  /** Another session of that kind. */
  long otherSingle() {
    List<Long> others = new ArrayList<>(singles);
    others.remove(single);
    return others.get(pick(others.size()));
  }

  /** A session without files. */
  long empty() {
    return empties.get(pick(empties.size()));
  }

  /** A session of two memfds of one page each. */
  long pair() {
    return pairs.get(pick(pairs.size()));
  }

  /** The first block of a session's files, or their array. */
  long files(long session) {
    return u64(session + 64);
  }

  long file(long session, int number) {
    return files(session) + (hasArrays() ? 0 : 16) + (long) FILE * number;
  }

  /** The only file of {@link #single}. */
  long file() {
    return file(single, 0);
  }

  /** The structure of the only memfd of {@link #single}. */
  long memfd() {
    return u64(file() + 48);
  }

  /** The structures of all memfds that are so. */
  List<Long> memfds(Predicate<Long> wanted) {
    return allSessions().flatMap(Session::files).map(PreservedFile::data).filter(wanted).toList();
  }

  /** The memfd's array of folios. */
  long folios() {
    return u64(u64(memfd() + 32) + 8);
  }

  /** The descriptor of an area of one page: the memfd's, or kho_test's. */
  long area() {
    if (area == 0) {
      boolean test = pick(2) == 1;
      area = test ? Blobs.property(this, blob("kho_test"), "folios_info") : memfd() + 32;
    }
    return area;
  }

  /** The first chunk of that area. */
  long chunk() {
    return u64(area());
  }

  /** The session's name, with its NUL. */
  String name(long session) {
    String field =
        new String(
            ram.read(session, 64).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    return field.substring(0, field.indexOf(0) + 1);
  }

  /** Returns the reservations in the blob of memblock. */
  List<ReserveMem> reservations() {
    return sound.client(ReserveMem.CLIENT).orElseThrow();
  }

  /** The place of one of them in the list. */
  int reservation() {
    if (reservation < 0) {
      reservation = pick(reservations().size());
    }
    return reservation;
  }

  /** Returns the address of the start of that reservation. */
  long reservationStart() {
    return Blobs.property(ram, blob("memblock"), "start", reservation());
  }

  /** A page that nothing uses. */
  long freePage() {
    nextFree += pageBytes();
    if (nextFree >= start + FREE_END) {
      throw new IllegalStateException("no page is free below 0x%x".formatted(start + FREE_END));
    }
    return nextFree;
  }

  /** Where no structure is, for blocks of up to 2 MiB. */
  long free() {
    return start + FREE;
  }

  /** The first address behind the RAM. */
  long end() {
    long[] end = {0};
    ram.forEachRamRange((address, length) -> end[0] = address + length);
    return end[0];
  }

  PageSize pageSize() {
    return pageSize;
  }

  long pageBytes() {
    return pageSize.bytes();
  }

  /** Puts the key of a block into the map, with pages of the map as they are needed. */
  void preserve(long address, int order) {
    key(blockKey(address, order), true);
  }

  void unpreserve(long address, int order) {
    key(blockKey(address, order), false);
  }

  /** The key of the block around an address. */
  private long blockKey(long address, int order) {
    return KhoRadix.key(pageSize, address & -pageSize.blockBytes(order), order);
  }

  void key(long key, boolean set) {
    long word = leaf(key) + KhoRadix.index(pageSize, 0, key) / 64 * 8L;
    long bit = 1L << (key & 63);
    put64(word, set ? u64(word) | bit : u64(word) & ~bit);
  }

  long leaf(long key) {
    long page = map();
    for (int level = topLevel(); level > 0; level--) {
      long slot = page + 8L * KhoRadix.index(pageSize, level, key);
      if (u64(slot) == 0) {
        put64(slot, freePage());
      }
      page = u64(slot);
    }
    return page;
  }

  /** The level of the map's root. */
  int topLevel() {
    return MapForm.RADIX.depth(pageSize) - 1;
  }

  /** Returns the address of the x86-64 boot record, if there is one. */
  public OptionalLong bootRecord() {
    return bootRecord == 0 ? OptionalLong.empty() : OptionalLong.of(bootRecord);
  }

  /** Says that another NUMA node begins at an address. */
  void node(long border) {
    node = border;
  }

  /** Addresses at which another NUMA node begins. */
  public List<Long> nodes() {
    return node == 0 ? List.of() : List.of(node);
  }

  /**
   * A place in the boot record.
   *
   * @throws NoSuchElementException if there is none
   */
  long bootRecord(int offset) {
    return bootRecord().orElseThrow() + offset;
  }

  /** An entry of the scratch array that has memory. */
  long region() {
    long array = u64(bootRecord(32));
    List<Long> there = new ArrayList<>();
    for (long at = array; at < array + u64(bootRecord(40)); at += 16) {
      if (u64(at + 8) != 0) {
        there.add(at);
      }
    }
    return there.get(pick(there.size()));
  }

  /** The root FDT. */
  public long root() {
    return sound.root().address();
  }
}
