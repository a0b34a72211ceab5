package org.kho4j.cli.captures;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * A RAM file with one handover in it: whatever the engine preserves, and LUO sessions with memfds,
 * written here by the offsets of ABI-HISTORY 11.3 and 12.
 */
public final class TestGuest implements AutoCloseable {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final long SCRATCH = 0x200000;

  private final WritableMemory memory;
  private final Generation generation;
  private final Map<String, List<File>> sessions = new LinkedHashMap<>();
  private final List<Flb> flbs = new ArrayList<>();

  private record File(String compatible, long data, long token) {}

  private record Flb(String name, long data, long count) {}

  /** A folio at an index of a file. */
  public record Placed(long index, Folio folio) {}

  private TestGuest(WritableMemory memory, String release) {
    this.memory = memory;
    List<AddressRange> scratch = List.of(new AddressRange(memory.base() + SCRATCH, SCRATCH));
    this.generation = Generation.first(memory, Setup.of(PageSize.SIZE_4K, scratch, release));
  }

  public static TestGuest create(Path ram, long size) throws IOException {
    return create(ram, size, "6.99");
  }

  /** A guest whose RAM begins at an address of its own. */
  public static TestGuest create(Path ram, long base, long size) throws IOException {
    return new TestGuest(WritableMemory.create(ram, base, size), "6.99");
  }

  public static TestGuest create(Path ram, long size, String release) throws IOException {
    return new TestGuest(WritableMemory.create(ram, 0, size), release);
  }

  public Generation generation() {
    return generation;
  }

  /** A preserved folio at an address; every page of it begins with the text. */
  public Folio folio(long address, int order, String text) {
    Folio folio = generation.allocateAt(address, order);
    generation.preserve(folio);
    for (long page = 0; page < 4096L << order; page += 4096) {
      put(address + page, text);
    }
    return folio;
  }

  public TestGuest put(long address, String text) {
    text(memory.writable(address, 4096), 0, text);
    return this;
  }

  public TestGuest session(String name) {
    sessions.put(name, new ArrayList<>());
    return this;
  }

  /** A file of any handler. */
  public TestGuest file(String session, long token, String compatible, long data) {
    Objects.requireNonNull(sessions.get(session)).add(new File(compatible, data, token));
    return this;
  }

  /** A memfd of version 2 without seals. */
  public TestGuest memfd(String session, long token, long size, Placed... folios) {
    return memfd(session, token, size, 0, folios);
  }

  public TestGuest memfd(String session, long token, long size, int seals, Placed... folios) {
    Folio page = page();
    MemorySegment ser = generation.segment(page);
    ser.set(U64, 8, size);
    ser.set(U32, 16, seals);
    ser.set(U64, 24, folios.length);
    if (folios.length > 0) {
      OwnedArea area = generation.vmalloc(16L * folios.length, 0);
      Runs runs = area.runs();
      for (int i = 0; i < folios.length; i++) {
        int run = runs.indexOf(16L * i);
        MemorySegment entry = memory.writable(runs.address(run) + 16L * i - runs.offset(run), 16);
        entry.set(U64, 0, folios[i].folio().address() >>> 12 | 3L << 52);
        entry.set(U64, 8, folios[i].index());
      }
      generation.preserve(area).writeTo(ser.asSlice(32, 16));
    }
    return file(session, token, "memfd-v2", page.address());
  }

  public TestGuest flb(String name, long data, long count) {
    flbs.add(new Flb(name, data, count));
    return this;
  }

  private Folio page() {
    Folio folio = generation.allocate(0);
    generation.preserve(folio);
    generation.segment(folio).fill((byte) 0);
    return folio;
  }

  private static void text(MemorySegment target, long offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, target, offset, bytes.length);
  }

  private void writeLuo() {
    MemorySegment luo = generation.segment(generation.addBlob("LUO", 32)).fill((byte) 0);
    text(luo, 0, "luo-v5");
    luo.set(U64, 8, 1);
    luo.set(U64, 16, sessions.isEmpty() ? 0 : writeSessions());
    Folio page = page();
    luo.set(U64, 24, page.address());
    MemorySegment header = generation.segment(page);
    header.set(U64, 0, 1);
    header.set(U64, 8, flbs.size());
    for (int i = 0; i < flbs.size(); i++) {
      long at = 16 + 64L * i;
      text(header, at, flbs.get(i).name());
      header.set(U64, at + 48, flbs.get(i).data());
      header.set(U64, at + 56, flbs.get(i).count());
    }
  }

  private long writeSessions() {
    Folio page = page();
    MemorySegment block = generation.segment(page);
    block.set(U64, 8, sessions.size());
    long at = 16;
    for (Map.Entry<String, List<File>> session : sessions.entrySet()) {
      List<File> files = session.getValue();
      text(block, at, session.getKey());
      block.set(U64, at + 64, files.isEmpty() ? 0 : writeFiles(files));
      block.set(U64, at + 72, files.size());
      at += 80;
    }
    return page.address();
  }

  private long writeFiles(List<File> files) {
    Folio page = page();
    MemorySegment block = generation.segment(page);
    block.set(U64, 8, files.size());
    for (int i = 0; i < files.size(); i++) {
      long at = 16 + 64L * i;
      text(block, at, files.get(i).compatible());
      block.set(U64, at + 48, files.get(i).data());
      block.set(U64, at + 56, files.get(i).token());
    }
    return page.address();
  }

  /** Hands over, and closes the RAM file. */
  @Override
  public void close() {
    if (!sessions.isEmpty() || !flbs.isEmpty()) {
      writeLuo();
    }
    generation.handOver();
    memory.close();
  }
}
