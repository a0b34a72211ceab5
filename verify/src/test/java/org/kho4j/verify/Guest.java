package org.kho4j.verify;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.RootFdt;
import org.kho4j.handover.RootSearch;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.PhysicalMemory;

/** A real kernel's memory, to be changed in one place, with the places by name. */
final class Guest {

  private static final Map<String, PhysicalMemory> OPEN = new ConcurrentHashMap<>();
  private static final Map<String, List<RootFdt>> ROOTS = new ConcurrentHashMap<>();

  /** No structure of any capture is from here on. */
  static final long FREE = 0x14000000;

  final Overlay ram;
  private final List<RootFdt> roots;
  private final Handover sound;
  private OptionalLong setupData = OptionalLong.empty();
  private Optional<AddressRange> scratch = Optional.empty();
  private long nextFree = 0x18000000;

  private Guest(PhysicalMemory memory, List<RootFdt> roots) {
    this.ram = new Overlay(memory);
    this.roots = roots;
    this.sound = Handovers.of(memory, roots, null).getLast();
  }

  /** A small capture of Linux 7.3.4 on x86-64. */
  static Guest of(String name) {
    PhysicalMemory memory = OPEN.computeIfAbsent(name, Guest::open);
    return new Guest(
        memory, ROOTS.computeIfAbsent(name, key -> RootSearch.search(memory, bytes -> {}).roots()));
  }

  private static PhysicalMemory open(String name) {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(project.resolve("examples"))) {
      project = project.getParent();
    }
    String file = "linux-7.3.4-" + name + ".ram.zst";
    Path path = project.resolve("examples").resolve(file);
    if (!Files.exists(path)) {
      path = project.resolve("cli/src/test/resources/org/kho4j/cli/captures").resolve(file);
    }
    try {
      return MemoryImages.open(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Verifies the memory as it is now; the root FDTs are where they were. */
  List<Finding> verify() {
    List<Finding> findings = new ArrayList<>();
    List<RootFdt> now = new ArrayList<>();
    for (RootFdt root : roots) {
      try {
        now.add(RootSearch.at(ram, root.address()));
      } catch (HandoverException e) {
        findings.add(Verifier.unreadable(e));
      }
    }
    Verifier.verify(
        Handovers.of(ram, now, PageSize.SIZE_4K),
        new Verifier.Options(rule -> true, 20, setupData, scratch),
        findings::add);
    return findings;
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

  /** Where some bytes stand, from an address on. */
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

  /** Where a number of 8 bytes stands, from an address on. */
  long find(long from, long value) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < 64; i += 8) {
      bytes.append((char) (value >>> i & 0xff));
    }
    return find(from, bytes.toString());
  }

  long root() {
    return sound.root().address();
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

  long sessions() {
    return u64(blob("LUO") + 16);
  }

  long flbs() {
    return u64(blob("LUO") + 24);
  }

  long session(int number) {
    return sessions() + 16 + 80L * number;
  }

  long files(int session) {
    return u64(session(session) + 64);
  }

  long file(int session, int number) {
    return files(session) + 16 + 64L * number;
  }

  /** The structure of the first session's only memfd. */
  long memfd() {
    return u64(file(0, 0) + 48);
  }

  long chunk() {
    return u64(memfd() + 32);
  }

  /** The memfd's array of folios. */
  long folios() {
    return u64(chunk() + 8);
  }

  /** A page that nothing uses. */
  long freePage() {
    nextFree += 4096;
    return nextFree;
  }

  /** Puts the key of a block into the map, with pages of the map as they are needed. */
  void preserve(long address, int order) {
    key(1L << (52 - order) | address >>> (12 + order), true);
  }

  void unpreserve(long address, int order) {
    key(1L << (52 - order) | address >>> (12 + order), false);
  }

  void key(long key, boolean set) {
    long word = leaf(key) + (key & 0x7fff) / 64 * 8;
    long bit = 1L << (key & 63);
    put64(word, set ? u64(word) | bit : u64(word) & ~bit);
  }

  long leaf(long key) {
    long page = map();
    for (int level = 5; level > 0; level--) {
      long slot = page + 8L * KhoRadix.index(PageSize.SIZE_4K, level, key);
      if (u64(slot) == 0) {
        put64(slot, freePage());
      }
      page = u64(slot);
    }
    return page;
  }

  /** The boot record and the scratch array, of these regions. */
  void scratch(long... regions) {
    long array = FREE;
    for (int i = 0; i < regions.length; i++) {
      put64(array + 8L * i, regions[i]);
    }
    long record = FREE + 4096;
    put64(record, 0);
    put32(record + 8, 10);
    put32(record + 12, 32);
    put64(record + 16, root());
    put64(record + 24, 4096);
    put64(record + 32, array);
    put64(record + 40, 8L * regions.length);
    setupData = OptionalLong.of(record);
  }

  /** A scratch array without a boot record. */
  void scratchArray(long address, long size) {
    scratch = Optional.of(new AddressRange(address, size));
  }

  long bootRecord() {
    return setupData.orElseThrow();
  }
}
