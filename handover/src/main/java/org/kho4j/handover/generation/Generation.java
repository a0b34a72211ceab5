package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
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
 * <p>An operation that throws has changed nothing, and {@link #atomically} makes one operation of
 * several. Not safe for use by several threads.
 */
public final class Generation {

  private final WritableMemory memory;
  private final Setup setup;
  private final PageAllocator allocator;
  private final Pages pages;
  private final OutgoingMap map;
  private final Journal journal;
  private final RootFdtPage root;
  private final @Nullable Incoming incoming;
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
    this.journal = new Journal(tree::commit, tree::rollBack);
    Folio fdt = allocate("/", 0);
    preserve("/", fdt);
    this.root = RootFdtPage.create(fdt.address(), segment(fdt), setup.version(), tree.root());
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
    for (AddressRange region : ScratchArray.of(memory, pageSize, setup.scratch()).regions()) {
      if (!region.isEmpty()) {
        allocator.exclude(region.address(), region.length());
      }
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
   * Makes one operation of several: if one of them fails, those before it are undone. Freeing
   * cannot be undone, so it comes last or stays outside.
   */
  public <T> T atomically(Supplier<T> steps) {
    requireOpen();
    return journal.atomically(steps);
  }

  private void atomically(Runnable steps) {
    atomically(() -> {
      steps.run();
      return true;
    });
  }

  /**
   * Allocates a folio. Its content is what the memory held before.
   *
   * @param order at most {@link PageAllocator#MAX_ORDER}
   * @throws OutOfPagesException if no block is that large
   */
  public Folio allocate(int order) {
    return allocated(new Folio(allocator.allocate(order), order));
  }

  /**
   * Allocates a folio of zeros for a structure of the handover, where the {@link Placement} wants
   * it.
   *
   * @param path of the structure
   */
  public Folio allocate(String path, int order) {
    return allocated(new Folio(pages.allocate(path, order), order));
  }

  /**
   * Takes the folio at an address.
   *
   * @throws org.kho4j.handover.pages.PageStateException if it is not free
   */
  public Folio allocateAt(long address, int order) {
    allocator.allocateAt(address, order);
    return allocated(new Folio(address, order));
  }

  private Folio allocated(Folio folio) {
    journal.done(() -> allocator.free(folio.address(), folio.order()));
    return folio;
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
    requireAreaSize(bytes);
    long blockBytes = pageSize().blockBytes(order);
    Runs runs = blocks(Math.ceilDiv(bytes, blockBytes), order);
    journal.done(() -> release(runs));
    return new Area(memory, runs, order);
  }

  /**
   * Allocates an area of zeros for a structure of the handover, its blocks where the {@link
   * Placement} wants them.
   *
   * @param path of the area; its blocks are {@code path/block 0} and so on
   * @param bytes at least this many; rounded up to whole blocks
   */
  public Area vmalloc(String path, long bytes, int order) {
    requireAreaSize(bytes);
    long count = Math.ceilDiv(bytes, pageSize().blockBytes(order));
    return atomically(() -> {
      List<Folio> blocks = new ArrayList<>();
      for (long block = 0; block < count; block++) {
        blocks.add(allocate(path + "/block " + block, order));
      }
      return areaOf(blocks);
    });
  }

  private void requireAreaSize(long bytes) {
    if (bytes <= 0 || bytes > memory.size()) {
      throw new IllegalArgumentException(
          "an area of %d bytes: memory has %d".formatted(bytes, memory.size()));
    }
  }

  private Runs blocks(long count, int order) {
    List<OutOfPagesException> failure = new ArrayList<>(1);
    Runs runs =
        Runs.collect(visitor -> {
          try {
            for (long block = 0; block < count; block++) {
              visitor.range(allocator.allocate(order), pageSize().blockBytes(order));
            }
          } catch (OutOfPagesException e) {
            failure.add(e);
          }
        });
    if (!failure.isEmpty()) {
      release(runs);
      throw failure.getFirst();
    }
    return runs;
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
    preserve("folio", folio);
  }

  private void preserve(String what, Folio folio) {
    preserve(what, folio.address(), folio.bytes(pageSize()), folio.bytes(pageSize()));
  }

  /** Takes a folio's preservation back. */
  public void unpreserve(Folio folio) {
    long bytes = folio.bytes(pageSize());
    unpreserve("folio", folio.address(), bytes, bytes);
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
    unpreserve("page run", address, bytes, bytes);
  }

  private void preserve(String what, long address, long bytes, long unit) {
    atomically(() -> {
      map.add(what, address, bytes, unit);
      journal.done(() -> map.remove(what, address, bytes, unit));
    });
  }

  private void unpreserve(String what, long address, long bytes, long unit) {
    atomically(() -> {
      map.remove(what, address, bytes, unit);
      journal.done(() -> map.add(what, address, bytes, unit));
    });
  }

  /** Preserves an area: its blocks, and the pages that list them. */
  public Descriptor preserve(Area area) {
    return preserve("area", area);
  }

  /**
   * Preserves an area.
   *
   * @param path of the area, for the {@link Placement} of the pages that list it
   * @return what its owner keeps, in data that is handed over too
   */
  public Descriptor preserve(String path, Area area) {
    long totalPages = area.bytes() >>> pageSize().shift();
    if (totalPages >>> 32 != 0) {
      throw new PreservationException(
          path,
          area.runs().address(0),
          "%d pages: a descriptor counts to 2^32 - 1".formatted(totalPages));
    }
    return atomically(() -> {
      long blockBytes = pageSize().blockBytes(area.order());
      Runs runs = area.runs();
      int[] done = new int[1];
      journal.done(() -> removeRuns(path, runs, done[0], blockBytes));
      for (; done[0] < runs.count(); done[0]++) {
        map.add(path, runs.address(done[0]), runs.length(done[0]), blockBytes);
      }
      int[] chunks = new int[1];
      long first =
          new ChunkWriter(memory, pageSize(), () -> newChunk(path + "/chunk " + chunks[0]++))
              .write(area.runs(), blockBytes);
      int flags = KhoVmalloc.FLAG_ALLOC | (area.order() == 0 ? 0 : KhoVmalloc.FLAG_ALLOW_HUGE);
      return new Descriptor(first, totalPages, flags, area.order());
    });
  }

  private long newChunk(String path) {
    Folio chunk = allocate(path, 0);
    preserve(path, chunk);
    return chunk.address();
  }

  private void removeRuns(String path, Runs runs, int count, long blockBytes) {
    for (int run = 0; run < count; run++) {
      map.remove(path, runs.address(run), runs.length(run), blockBytes);
    }
  }

  private void addRuns(Runs runs, int count, long blockBytes) {
    for (int run = 0; run < count; run++) {
      map.add("area", runs.address(run), runs.length(run), blockBytes);
    }
  }

  /** Takes an area's preservation back, and frees the pages that listed it. */
  public void unpreserve(Descriptor descriptor, Area area) {
    List<Folio> chunks = new ArrayList<>();
    for (long chunk = descriptor.first(); chunk != 0; ) {
      chunks.add(new Folio(chunk, 0));
      chunk = Wire.u64(pages.page(chunk), KhoVmallocChunk.NEXT);
    }
    Runs runs = area.runs();
    long blockBytes = pageSize().blockBytes(area.order());
    atomically(() -> {
      chunks.forEach(this::unpreserve);
      int[] done = new int[1];
      journal.done(() -> addRuns(runs, done[0], blockBytes));
      for (; done[0] < runs.count(); done[0]++) {
        map.remove("area", runs.address(done[0]), runs.length(done[0]), blockBytes);
      }
    });
    chunks.forEach(this::free);
  }

  /**
   * Hands over a blob of bytes under a name: allocates and preserves a folio for it, and lists it
   * in the root FDT.
   *
   * @param name a node name: the next generation's owner asks for it by this name
   * @param size bytes, at least 1
   * @return the folio that holds the blob from its start, all zeros, to be filled before {@link
   *     #handOver}
   * @throws PreservationException if the root FDT cannot take it
   */
  public Folio addBlob(String name, long size) {
    if (size <= 0 || size > pageSize().blockBytes(PageAllocator.MAX_ORDER)) {
      throw new IllegalArgumentException(
          "/%s: a blob of %d bytes: 1 to %d are possible"
              .formatted(name, size, pageSize().blockBytes(PageAllocator.MAX_ORDER)));
    }
    return atomically(() -> {
      Folio folio = allocate("/" + name, orderFor(size));
      preserve("/" + name, folio);
      addSubtree(name, folio.address(), size);
      return folio;
    });
  }

  /** The order of the smallest folio that holds that many bytes: the kernel's {@code get_order}. */
  public int orderFor(long size) {
    long lastPage = (size - 1) >>> pageSize().shift();
    return Long.SIZE - Long.numberOfLeadingZeros(lastPage);
  }

  /**
   * Lists a blob that its owner keeps, and has preserved.
   *
   * @throws PreservationException if not all of it is preserved, or the root FDT cannot take it
   */
  public void addSubtree(String name, long address, long size) {
    long start = address & -(long) pageSize().bytes();
    if (size <= 0 || !map.covers(start, address + size - start)) {
      throw new PreservationException(
          "/" + name, address, "the blob of %d bytes is not preserved".formatted(size));
    }
    atomically(() -> {
      root.add(name, address, size);
      journal.done(() -> root.remove(name));
    });
  }

  /** Takes a subtree out of the root FDT. Its blob stays its owner's, and preserved. */
  public void removeSubtree(String name) {
    requireOpen();
    root.remove(name);
  }

  private void writeMetadata(long kexecCount) {
    Folio folio = addBlob(KexecMetadata.SUBTREE, KexecMetadata.STRUCTURE.headerSize());
    MemorySegment blob = segment(folio);
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
    ScratchArray scratch = new ScratchArray(setup.scratch());
    long address = setup.placement().address("/scratch").orElseGet(scratch::roomForItself);
    scratch.writeTo(memory.writable(address, scratch.bytes()));
    handedOver = true;
    return new BootData(root.address(), pageSize().bytes(), address, scratch.bytes());
  }

  private void requireOpen() {
    if (handedOver) {
      throw new IllegalStateException("this generation has handed over");
    }
  }
}
