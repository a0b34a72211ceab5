package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.map.MapWriter;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;

/**
 * The owner of a memory between two handovers, like a kernel: it allocates pages, preserves some of
 * them, and hands over to the next generation, which may be a Linux kernel. {@link #incoming} is
 * the handover of the earlier generation.
 *
 * <p>An operation that throws has changed nothing, and {@link #atomically} makes one operation of
 * several. Not safe for use by several threads.
 */
public final class Generation {

  private final Setup setup;
  private final Journal journal;
  private final Pages pages;
  private final OutgoingMap map;
  private final Areas areas;
  private final RootFdtPage root;
  private final @Nullable Incoming incoming;
  private boolean handedOver;

  private Generation(Setup setup, Pages pages, @Nullable Incoming incoming) {
    this.setup = setup;
    this.journal = pages.journal();
    this.pages = pages;
    this.incoming = incoming;
    pages.setAddressZeroAside();
    MapWriter tree = MapWriter.create(pages, layout().map());
    List<AddressRange> borders = layout().has(KhoFeature.SPLIT_AT_NODES) ? setup.nodes : List.of();
    this.map = new OutgoingMap(pages, tree, setup.scratch, borders);
    this.areas = new Areas(pages, map);
    long fdt = pages.allocateZeroed("/", 0);
    map.addEnginePage(fdt);
    this.root = RootFdtPage.create(pages, fdt, layout(), tree.root());
    if (layout().has(KhoFeature.METADATA)) {
      writeMetadata(incoming == null ? setup.kexecCount.orElse(1) : incoming.kexecCount() + 1);
    }
  }

  /**
   * Creates a first generation, which has no incoming handover.
   *
   * @throws PreservationException if the scratch regions are not 1 to 1026, are all empty, are not
   *     in memory, overlap or are not whole pages
   * @throws org.kho4j.handover.pages.PageStateException if the memory is not whole pages
   * @throws OutOfPagesException if no page is left beside the scratch regions
   */
  public static Generation first(WritableMemory memory, Setup setup) {
    return new Generation(setup, pages(memory, setup), null);
  }

  /**
   * Creates a generation with an incoming handover. Reads the map before taking any memory.
   *
   * @param setup as for a first generation, but page size and scratch regions are those of the
   *     handover
   * @throws org.kho4j.handover.wire.HandoverException if the incoming handover is not sound;
   *     nothing has been written then
   * @throws OutOfPagesException if no room is left for the outgoing handover; the incoming handover
   *     is unchanged
   */
  public static Generation boot(WritableMemory memory, BootData boot, Setup setup) {
    IncomingReader reader = IncomingReader.read(memory, boot);
    Setup inherited = setup.withHandedOver(boot.pageSize(), reader.scratch());
    Pages pages = pages(memory, inherited);
    Incoming incoming = reader.claim(pages);
    Generation generation = new Generation(inherited, pages, incoming);
    incoming.takeOwn();
    return generation;
  }

  private static Pages pages(WritableMemory memory, Setup setup) {
    PageSize pageSize = setup.pageSize;
    List<AddressRange> free = List.of(new AddressRange(memory.base(), memory.size()));
    PageAllocator allocator =
        setup.scatterSeed.isPresent()
            ? PageAllocator.scattering(pageSize, free, setup.scatterSeed.getAsLong())
            : new PageAllocator(pageSize, free);
    for (AddressRange region : ScratchArray.of(memory, pageSize, setup.scratch).regions()) {
      if (!region.isEmpty()) {
        allocator.exclude(region.address(), region.length());
      }
    }
    return new Pages(memory, allocator, setup.placement, new Journal());
  }

  public PageSize pageSize() {
    return setup.pageSize;
  }

  /** Returns the layout of the outgoing handover. */
  public KhoLayout layout() {
    return setup.layout;
  }

  public WritableMemory memory() {
    return pages.memory();
  }

  /**
   * Returns the scratch regions, which the next generation may overwrite before it reads anything.
   */
  public List<AddressRange> scratch() {
    return setup.scratch;
  }

  /** Returns the handover of the earlier generation; empty in a first generation. */
  public Optional<Incoming> incoming() {
    return Optional.ofNullable(incoming);
  }

  /**
   * Returns the handover that this generation would pass on now, for reading. In kho-v1 there is no
   * map before {@link #handOver}.
   */
  public Handover outgoing() {
    List<RootFdt> roots = List.of(RootSearch.at(memory(), root.address()));
    return Handovers.of(memory(), roots, pageSize()).getFirst();
  }

  /** Returns the number of free pages. */
  public long freePages() {
    return pages.freePages();
  }

  /**
   * Makes one operation of several, of this generation and of its {@link #incoming} handover: if
   * one fails, those before it are undone. Memory that they free becomes free when all have
   * succeeded; until then, it is neither the caller's nor free. In the same way, the scratch array
   * of {@link #handOver} is written, and the root FDT of {@link Incoming#finish} is cleared, at the
   * end.
   *
   * @throws IllegalStateException if this generation has handed over
   */
  public <T> T atomically(Supplier<T> steps) {
    requireOpen();
    return journal.atomically(steps);
  }

  /** Makes one operation of several, as {@link #atomically(Supplier)} does. */
  public void atomically(Runnable steps) {
    requireOpen();
    journal.atomically(steps);
  }

  /**
   * Allocates a folio. Its content is what the memory held before.
   *
   * @param order at most {@link PageAllocator#MAX_ORDER}
   * @throws OutOfPagesException if no block is that large
   * @throws IllegalStateException if this generation has handed over, as every operation that
   *     changes it
   */
  public Folio allocate(int order) {
    requireOpen();
    return owned(pages.allocate(order), order);
  }

  /**
   * Allocates a folio of zeros for a structure of the handover, where the {@link Placement} wants
   * it.
   *
   * @param path of the structure
   */
  public Folio allocateZeroed(String path, int order) {
    return atomically(() -> owned(pages.allocateZeroed(path, order), order));
  }

  /**
   * Allocates the folio at an address.
   *
   * @throws org.kho4j.handover.pages.PageStateException if it is not free
   */
  public Folio allocateAt(long address, int order) {
    requireOpen();
    pages.allocateAt(address, order);
    return owned(address, order);
  }

  private Folio owned(long address, int order) {
    Folio folio = new Folio(address, order);
    pages.own(address, folio.bytes(pageSize()));
    return folio;
  }

  /**
   * Frees a folio, which is not preserved any more.
   *
   * @throws PreservationException if it is preserved, or not all of it is the caller's: allocated
   *     or restored, and not freed since
   */
  public void free(Folio folio) {
    requireOpen();
    pages.free("folio", folio);
  }

  /**
   * Returns the folio's memory, to be written. Whether the folio is the caller's is not checked.
   *
   * @throws PreservationException if no block of memory has that order and address
   */
  public MemorySegment segment(Folio folio) {
    pages.owned().requireBlock("folio", folio.address(), folio.order());
    return pages.segment(folio.address(), folio.order());
  }

  /** Returns a structure at the folio's start, to be written. */
  public StructureView view(Folio folio, Structure structure) {
    return new StructureView(structure, folio.address(), segment(folio));
  }

  /**
   * Allocates a vmalloc area. Its content is what the memory held before.
   *
   * @param bytes at least this many; rounded up to whole blocks
   * @param order of its blocks: 0 for single pages, more for huge mappings
   * @throws OutOfPagesException if not enough memory is free
   * @throws PreservationException if {@code bytes} are not 1 to all of the memory, or no block has
   *     that order
   */
  public OwnedArea vmalloc(long bytes, int order) {
    return atomically(() -> areas.allocate(bytes, order));
  }

  /**
   * Allocates an area of zeros for a structure of the handover, its blocks where the {@link
   * Placement} wants them.
   *
   * @param path of the area; its blocks are {@code path/block 0} and so on
   * @param bytes at least this many; rounded up to whole blocks
   */
  public OwnedArea vmallocZeroed(String path, long bytes, int order) {
    return atomically(() -> areas.allocateZeroed(path, bytes, order));
  }

  /**
   * Returns an area of blocks that the caller allocated, in the area's order.
   *
   * @throws PreservationException if there is no block, the blocks differ in order, or an address
   *     is no multiple of the block's size
   */
  public OwnedArea areaOf(List<Folio> folios) {
    return areas.of(folios);
  }

  /**
   * Frees an area, which is not preserved any more.
   *
   * @throws PreservationException if any of it is preserved, or not all of it is the caller's
   */
  public void free(OwnedArea area) {
    requireOpen();
    pages.free("area", area.runs());
  }

  /**
   * Preserves a folio, as one block.
   *
   * @throws PreservationException if any of it is preserved, or not all of it is the caller's:
   *     allocated or restored, and not freed since. The same holds for page runs and areas
   */
  public void preserve(Folio folio) {
    preserve("folio", folio);
  }

  private void preserve(String what, Folio folio) {
    atomically(() -> map.addFolio(what, folio));
  }

  /** Unpreserves a folio. */
  public void unpreserve(Folio folio) {
    atomically(() -> map.removeFolio("folio", folio));
  }

  /**
   * Preserves a run of pages, split into blocks as the kernel's {@code kho_preserve_pages} splits
   * it.
   */
  public void preservePages(long address, long bytes) {
    atomically(() -> map.addRun("page run", address, bytes));
  }

  /** Unpreserves a run of pages that was preserved as this run. */
  public void unpreservePages(long address, long bytes) {
    atomically(() -> map.removeRun("page run", address, bytes));
  }

  /** Preserves an area: its blocks, and the pages that list them. */
  public Descriptor preserve(OwnedArea area) {
    return preserve("area", area);
  }

  /**
   * Preserves an area.
   *
   * @param path of the area, for the {@link Placement} of the pages that list it
   * @return the descriptor, which the owner keeps in preserved data of its own
   * @throws PreservationException if the layout has no vmalloc areas
   */
  public Descriptor preserve(String path, OwnedArea area) {
    if (!layout().has(KhoFeature.VMALLOC)) {
      throw new PreservationException(
          path,
          area.runs().count() == 0 ? KhoException.NOWHERE : area.runs().address(0),
          "%s (Linux %s) has no vmalloc areas".formatted(layout(), layout().releases()));
    }
    return atomically(() -> areas.preserve(path, area));
  }

  /**
   * Unpreserves an area, and frees the pages that listed it.
   *
   * @throws PreservationException if the area is not preserved, or not by this descriptor
   */
  public void unpreserve(Descriptor descriptor, OwnedArea area) {
    atomically(() -> areas.unpreserve(descriptor, area));
  }

  /**
   * Hands over a blob of bytes under a name: allocates and preserves a folio for it, and lists it
   * in the root FDT.
   *
   * @param name a node name, by which the next generation's owner finds the blob
   * @param size bytes, at least 1
   * @return the folio that holds the blob from its start, all zeros, to be filled before {@link
   *     #handOver}
   * @throws PreservationException if the root FDT cannot take it
   */
  public Folio addBlob(String name, long size) {
    if (size <= 0 || size > pageSize().blockBytes(PageAllocator.MAX_ORDER)) {
      throw new PreservationException(
          "/" + name,
          "a blob of %d bytes; 1 to %d bytes are allowed"
              .formatted(size, pageSize().blockBytes(PageAllocator.MAX_ORDER)));
    }
    return atomically(() -> {
      Folio folio = allocateZeroed("/" + name, orderFor(size));
      preserve("/" + name, folio);
      addSubtree(name, folio.address(), size);
      return folio;
    });
  }

  /**
   * Returns the order of the smallest folio that holds that many bytes: the kernel's {@code
   * get_order}.
   */
  public int orderFor(long size) {
    long lastPage = (size - 1) >>> pageSize().shift();
    return Long.SIZE - Long.numberOfLeadingZeros(lastPage);
  }

  /**
   * Lists a blob in the root FDT that its owner has allocated and preserved.
   *
   * @throws PreservationException if the caller has not preserved all of it, or the root FDT cannot
   *     take it
   */
  public void addSubtree(String name, long address, long size) {
    requirePreserved(name, address, size);
    atomically(() -> root.add(name, address, size));
  }

  private void requirePreserved(String name, long address, long size) {
    if (size <= 0) {
      throw new PreservationException(
          "/" + name, address, "%s bytes cannot be a blob".formatted(Long.toUnsignedString(size)));
    }
    if (!map.covers(address, size)) {
      throw new PreservationException(
          "/" + name, address, "the blob of %d bytes is not preserved".formatted(size));
    }
  }

  /** Removes a subtree from the root FDT. The blob remains preserved and owned by its owner. */
  public void removeSubtree(String name) {
    atomically(() -> root.remove(name));
  }

  private void writeMetadata(long kexecCount) {
    Folio folio = addBlob(KexecMetadata.SUBTREE, KexecMetadata.STRUCTURE.headerSize());
    StructureView metadata = view(folio, KexecMetadata.STRUCTURE);
    metadata.set(KexecMetadata.VERSION, KexecMetadata.VERSION_1);
    metadata.setText(KexecMetadata.PREVIOUS_RELEASE, setup.release);
    metadata.set(KexecMetadata.KEXEC_COUNT, kexecCount & 0xffffffffL);
  }

  /**
   * Hands over: writes the scratch array into a scratch region, and in kho-v1 finalizes the map.
   * After that the generation can neither change nor restore anything.
   *
   * @return the boot data that the next generation needs
   * @throws PreservationException if a subtree's blob is not preserved any more, or is no device
   *     tree where it has to be one, or no scratch region has room for the array, or it is placed
   *     elsewhere
   * @throws OutOfPagesException if there is no room to finalize the map
   */
  public BootData handOver() {
    return atomically(() -> {
      BootData boot = complete();
      handedOver = true;
      journal.done(() -> handedOver = false);
      if (incoming != null) {
        incoming.close();
      }
      return boot;
    });
  }

  private BootData complete() {
    outgoing()
        .subtrees(broken -> {
          throw new PreservationException(broken.path(), broken.address(), broken.problem());
        })
        .forEach(subtree -> requirePreserved(subtree.name(), subtree.address(), subtree.size()));
    if (layout().version().finalized()) {
      root.setMap(map.finish());
    }
    ScratchArray scratch = new ScratchArray(setup.scratch);
    OptionalLong place = setup.placement.address(ScratchArray.PATH);
    long address =
        place.isPresent() ? scratch.requirePlace(place.getAsLong()) : scratch.roomForItself();
    MemorySegment array = memory().writable(address, scratch.bytes());
    journal.afterwards(() -> scratch.writeTo(address, array));
    return new BootData(root.address(), pageSize().bytes(), address, scratch.bytes());
  }

  private void requireOpen() {
    if (handedOver) {
      throw new IllegalStateException("this generation has already handed over");
    }
  }
}
