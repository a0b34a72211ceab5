package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * One generation over some memory: it owns pages, preserves some of them, and hands over to the
 * next generation, which may be a Linux kernel. What an earlier generation handed to it is in
 * {@link #incoming}.
 *
 * <p>An operation that throws has changed nothing. Not safe for use by several threads.
 */
public final class Generation {

  private static final long SCRATCH_ARRAY_ALIGNMENT = 64 << 10;

  private final WritableMemory memory;
  private final Setup setup;
  private final PageAllocator allocator;
  private final Pages pages;
  private final OutgoingMap map;
  private final RootFdtPage root;
  private final @Nullable Incoming incoming;
  private final Map<String, Blob> blobs = new LinkedHashMap<>();
  private boolean handedOver;

  private Generation(
      WritableMemory memory,
      Setup setup,
      PageAllocator allocator,
      Pages pages,
      @Nullable Incoming incoming) {
    this.memory = memory;
    this.setup = setup;
    this.allocator = allocator;
    this.pages = pages;
    this.incoming = incoming;
    MapWriter tree = MapWriter.create(pages, setup.version());
    this.map = new OutgoingMap(memory, tree, setup.pageSize(), setup.scratch(), setup.nodes());
    long fdt = pages.allocate("/", 0);
    preserve("/", fdt, pageSize().bytes(), pageSize().bytes());
    this.root = RootFdtPage.create(fdt, pages.page(fdt), setup.version(), map.root());
    writeMetadata(incoming == null ? 1 : incoming.kexecCount() + 1);
  }

  /**
   * The first generation: nothing was handed to it.
   *
   * @throws IllegalArgumentException if the scratch regions are not in memory, overlap or are not
   *     whole pages, or the version cannot be written
   */
  public static Generation first(WritableMemory memory, Setup setup) {
    PageAllocator allocator = allocator(memory, setup);
    return new Generation(
        memory, setup, allocator, new Pages(memory, allocator, setup.placement()), null);
  }

  /**
   * A generation that was handed something: reads the map before it takes any memory.
   *
   * @param setup as for a first generation, but page size and scratch regions are those that were
   *     handed over
   * @throws org.kho4j.handover.HandoverException if what was handed over is not sound; nothing has
   *     been written then
   */
  public static Generation boot(WritableMemory memory, BootData boot, Setup setup) {
    IncomingReader reader = IncomingReader.read(memory, boot);
    Setup inherited = setup.withHandedOver(boot.pageSize(), reader.scratch());
    PageAllocator allocator = allocator(memory, inherited);
    Pages pages = new Pages(memory, allocator, setup.placement());
    return new Generation(memory, inherited, allocator, pages, reader.claim(allocator, pages));
  }

  private static PageAllocator allocator(WritableMemory memory, Setup setup) {
    if (setup.version().map() == KhoVersion.MapForm.BITMAP_LIST) {
      throw new IllegalArgumentException(setup.version() + " cannot be written yet");
    }
    PageSize pageSize = setup.pageSize();
    if (memory.size() >>> pageSize.shift() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%d bytes of memory are more than %d pages".formatted(memory.size(), Integer.MAX_VALUE));
    }
    List<AddressRange> free = List.of(new AddressRange(memory.base(), memory.size()));
    PageAllocator allocator =
        setup.scatterSeed().isPresent()
            ? PageAllocator.scattering(pageSize, free, setup.scatterSeed().getAsLong())
            : new PageAllocator(pageSize, free);
    for (AddressRange region : setup.scratch()) {
      allocator.exclude(region.address(), region.length());
    }
    return allocator;
  }

  public PageSize pageSize() {
    return setup.pageSize();
  }

  public WritableMemory memory() {
    return memory;
  }

  /** The scratch regions, which the next generation may write to before it has read anything. */
  public List<AddressRange> scratch() {
    return setup.scratch();
  }

  /** What an earlier generation handed over; empty in a first generation. */
  public Optional<Incoming> incoming() {
    return Optional.ofNullable(incoming);
  }

  /** Pages that nobody owns. */
  public long freePages() {
    return allocator.freePages();
  }

  /**
   * Allocates a folio. Its content is what the memory held before.
   *
   * @param order at most {@link PageAllocator#MAX_ORDER}
   * @throws OutOfPagesException if no block is that large
   */
  public Folio allocate(int order) {
    return new Folio(allocator.allocate(order), order);
  }

  /**
   * Takes the folio at an address.
   *
   * @throws org.kho4j.handover.pages.PageStateException if it is not free
   */
  public Folio allocateAt(long address, int order) {
    allocator.allocateAt(address, order);
    return new Folio(address, order);
  }

  /** Frees a folio, which is not preserved any more. */
  public void free(Folio folio) {
    requireUnpreserved("folio", folio.address(), folio.bytes(pageSize()));
    allocator.free(folio.address(), folio.order());
  }

  /** The folio's memory, to be written. */
  public MemorySegment segment(Folio folio) {
    return memory.writable(folio.address(), folio.bytes(pageSize()));
  }

  /**
   * Allocates a vmalloc area. Its content is what the memory held before.
   *
   * @param bytes at least this many; rounded up to whole blocks
   * @param order of its blocks: 0 for single pages, more for huge mappings
   * @throws OutOfPagesException if there is not enough memory
   */
  public Area vmalloc(long bytes, int order) {
    long blockBytes = pageSize().blockBytes(order);
    if (bytes <= 0 || bytes > memory.size()) {
      throw new IllegalArgumentException(
          "an area of %d bytes: memory has %d".formatted(bytes, memory.size()));
    }
    long blocks = Math.ceilDiv(bytes, blockBytes);
    long[] taken = new long[1];
    List<RuntimeException> failure = new ArrayList<>(1);
    Runs runs =
        Runs.collect(visitor -> {
          try {
            while (taken[0] < blocks) {
              visitor.range(allocator.allocate(order), blockBytes);
              taken[0]++;
            }
          } catch (OutOfPagesException e) {
            failure.add(e);
          }
        });
    if (!failure.isEmpty()) {
      release(runs);
      throw failure.getFirst();
    }
    return new Area(memory, runs, order);
  }

  /** An area of blocks that the caller allocated, in the area's order. */
  public Area areaOf(List<Folio> folios) {
    int order = folios.getFirst().order();
    if (folios.stream().anyMatch(folio -> folio.order() != order)) {
      throw new IllegalArgumentException("the blocks of an area have one order");
    }
    Runs runs =
        Runs.collect(visitor ->
            folios.forEach(folio -> visitor.range(folio.address(), folio.bytes(pageSize()))));
    return new Area(memory, runs, order);
  }

  /** Frees an area, which is not preserved any more. */
  public void free(Area area) {
    Runs runs = area.runs();
    for (int run = 0; run < runs.count(); run++) {
      requireUnpreserved("area", runs.address(run), runs.length(run));
    }
    release(runs);
  }

  private void release(Runs runs) {
    for (int run = 0; run < runs.count(); run++) {
      allocator.release(runs.address(run), runs.length(run));
    }
  }

  private void requireUnpreserved(String what, long address, long bytes) {
    if (map.touches(address, bytes)) {
      throw new PreservationException(what, address, "it is preserved, so it cannot be freed");
    }
  }

  /** Preserves a folio, as one block. */
  public void preserve(Folio folio) {
    long bytes = folio.bytes(pageSize());
    preserve("folio", folio.address(), bytes, bytes);
  }

  /** Takes a folio's preservation back. */
  public void unpreserve(Folio folio) {
    requireOpen();
    long bytes = folio.bytes(pageSize());
    map.remove("folio", folio.address(), bytes, bytes);
  }

  /**
   * Preserves a run of pages, split into blocks as the kernel's {@code kho_preserve_pages} splits
   * it.
   */
  public void preservePages(long address, long bytes) {
    preserve("page run", address, bytes, bytes);
  }

  /** Takes the preservation of a run back, which was preserved as this run. */
  public void unpreservePages(long address, long bytes) {
    requireOpen();
    map.remove("page run", address, bytes, bytes);
  }

  private void preserve(String what, long address, long bytes, long unit) {
    requireOpen();
    try {
      map.add(what, address, bytes, unit);
      map.commit();
    } catch (RuntimeException e) {
      map.rollBack();
      throw e;
    }
  }

  /** Preserves an area: its blocks, and the chunks that list them. */
  public Descriptor preserve(Area area) {
    return preserve("area", area);
  }

  /**
   * Preserves an area.
   *
   * @param path of the area, for its chunks' {@link Placement}
   * @return what its owner keeps, in data that is handed over too
   */
  public Descriptor preserve(String path, Area area) {
    requireOpen();
    Runs runs = area.runs();
    long blockBytes = pageSize().blockBytes(area.order());
    long totalPages = area.bytes() >>> pageSize().shift();
    if (totalPages >>> 32 != 0) {
      throw new PreservationException(
          path, runs.address(0), "%d pages: a descriptor counts to 2^32 - 1".formatted(totalPages));
    }
    ChunkWriter chunks = new ChunkWriter(pages, map, path);
    int done = 0;
    try {
      while (done < runs.count()) {
        map.add(path, runs.address(done), runs.length(done), blockBytes);
        done++;
      }
      long first = chunks.write(runs, blockBytes);
      map.commit();
      int flags = KhoVmalloc.FLAG_ALLOC | (area.order() == 0 ? 0 : KhoVmalloc.FLAG_ALLOW_HUGE);
      return new Descriptor(first, totalPages, flags, area.order());
    } catch (RuntimeException e) {
      chunks.undo();
      for (int run = 0; run < done; run++) {
        map.remove(path, runs.address(run), runs.length(run), blockBytes);
      }
      map.rollBack();
      throw e;
    }
  }

  /** Takes an area's preservation back, and frees the chunks that listed it. */
  public void unpreserve(Descriptor descriptor, Area area) {
    requireOpen();
    Runs runs = area.runs();
    long blockBytes = pageSize().blockBytes(area.order());
    ChunkWriter.free(pages, map, "area", descriptor.first());
    for (int run = 0; run < runs.count(); run++) {
      map.remove("area", runs.address(run), runs.length(run), blockBytes);
    }
  }

  /**
   * Hands over a blob of bytes under a name: allocates and preserves a folio for it, and lists it
   * in the root FDT.
   *
   * @param name a node name: the next generation's owner asks for it by this name
   * @param size bytes, at least 1
   * @return the blob's memory, to be filled before {@link #handOver}: exactly {@code size} bytes of
   *     zeros
   */
  public MemorySegment addBlob(String name, long size) {
    requireOpen();
    Folio folio = folioFor("/" + name, size);
    try {
      preserve("/" + name, folio.address(), folio.bytes(pageSize()), folio.bytes(pageSize()));
      try {
        root.add(name, folio.address(), size);
      } catch (RuntimeException e) {
        map.remove("/" + name, folio.address(), folio.bytes(pageSize()), folio.bytes(pageSize()));
        throw e;
      }
    } catch (RuntimeException e) {
      allocator.free(folio.address(), folio.order());
      throw e;
    }
    blobs.put(name, new Blob(folio, true));
    return segment(folio).asSlice(0, size);
  }

  private Folio folioFor(String path, long size) {
    if (size <= 0 || size > pageSize().blockBytes(PageAllocator.MAX_ORDER)) {
      throw new IllegalArgumentException(
          "%s: a blob of %d bytes: 1 to %d are possible"
              .formatted(path, size, pageSize().blockBytes(PageAllocator.MAX_ORDER)));
    }
    long blocks = Math.ceilDiv(size, pageSize().bytes());
    int order = blocks == 1 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(blocks - 1);
    return new Folio(pages.allocate(path, order), order);
  }

  /**
   * Lists a blob that its owner keeps, and has preserved.
   *
   * @throws PreservationException if not all of it is preserved, or the root FDT cannot take it
   */
  public void addSubtree(String name, long address, long size) {
    requireOpen();
    long start = address & -(long) pageSize().bytes();
    if (size <= 0 || !map.covers(start, address + size - start)) {
      throw new PreservationException(
          "/" + name, address, "the blob of %d bytes is not preserved".formatted(size));
    }
    root.add(name, address, size);
    blobs.put(name, new Blob(new Folio(address, 0), false));
  }

  /** Takes a subtree out again; a blob of {@link #addBlob} is unpreserved and freed. */
  public void removeSubtree(String name) {
    requireOpen();
    root.remove(name);
    Blob blob = blobs.remove(name);
    if (blob != null && blob.owned) {
      unpreserve(blob.folio);
      free(blob.folio);
    }
  }

  /**
   * A blob that is listed.
   *
   * @param folio that holds it
   * @param owned whether this generation allocated it
   */
  private record Blob(Folio folio, boolean owned) {}

  private void writeMetadata(long kexecCount) {
    MemorySegment blob = addBlob(KexecMetadata.SUBTREE, KexecMetadata.STRUCTURE.headerSize());
    Wire.putU32(blob, KexecMetadata.VERSION, KexecMetadata.VERSION_1);
    Wire.putText(blob, KexecMetadata.PREVIOUS_RELEASE, setup.release());
    Wire.putU32(blob, KexecMetadata.KEXEC_COUNT, kexecCount);
  }

  /**
   * Hands over: writes the scratch array into a scratch region. After that the generation changes
   * nothing any more.
   *
   * @return what the next generation has to be told
   */
  public BootData handOver() {
    requireOpen();
    long size = (long) setup.scratch().size() * KhoScratch.STRUCTURE.headerSize();
    long address = setup.placement().address("/scratch").orElseGet(() -> roomInScratch(size));
    MemorySegment array = memory.writable(address, size);
    for (int i = 0; i < setup.scratch().size(); i++) {
      AddressRange region = setup.scratch().get(i);
      MemorySegment entry =
          array.asSlice(
              (long) i * KhoScratch.STRUCTURE.headerSize(), KhoScratch.STRUCTURE.headerSize());
      Wire.putU64(entry, KhoScratch.ADDR, region.address());
      Wire.putU64(entry, KhoScratch.SIZE, region.length());
    }
    handedOver = true;
    return new BootData(root.address(), pageSize().bytes(), address, size);
  }

  private long roomInScratch(long size) {
    for (AddressRange region : setup.scratch()) {
      long address =
          Math.ceilDiv(region.address(), SCRATCH_ARRAY_ALIGNMENT) * SCRATCH_ARRAY_ALIGNMENT;
      if (address + size <= region.end()) {
        return address;
      }
    }
    throw new PreservationException(
        "/scratch",
        memory.base(),
        "no scratch region has room for %d bytes at a multiple of 64 KiB".formatted(size));
  }

  private void requireOpen() {
    if (handedOver) {
      throw new IllegalStateException("this generation has handed over");
    }
  }
}
