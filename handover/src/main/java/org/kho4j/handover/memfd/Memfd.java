package org.kho4j.handover.memfd;

import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.LuoFeatures;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.luo.FeatureHeader;
import org.kho4j.handover.luo.FileHandler;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.map.OrderCounts;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** A memfd that was handed over: its size, its seals, and the folios that hold its content. */
public final class Memfd {

  public static final FileHandler<Memfd> HANDLER =
      new FileHandler<>(compatible -> MemfdVersion.of(compatible).isPresent(), Memfd::new);

  private final Handover handover;
  private final HandoverMemory memory;
  private final Where where;
  private final long address;
  private final MemfdVersion version;
  private final StructureView ser;
  private final PreservedArea foliosInfo;

  private Memfd(PreservedFile file) {
    this.handover = file.handover();
    this.memory = handover.memory();
    this.where = file.where();
    this.address = file.data();
    this.version = MemfdVersion.of(file.compatible()).orElseThrow();
    if (address == 0) {
      throw where.broken(file.address(), "data is 0: the file has no structure");
    }
    memory.requirePage(where, address, "data");
    this.ser = body(version, where, memory.view(where, address, version.structure()));
    this.foliosInfo =
        PreservedArea.of(memory, where.in("folios"), Descriptor.of(ser.embedded(version.folios())));
    long room = foliosInfo.bytes() / MemfdFolio.STRUCTURE.headerSize();
    if (Long.compareUnsigned(folioCount(), room) > 0) {
      throw where.broken(
          address,
          "nr_folios is %s, but %s"
              .formatted(
                  Long.toUnsignedString(folioCount()),
                  foliosInfo
                      .descriptor()
                      .room(memory.pageSize(), MemfdFolio.STRUCTURE.headerSize())));
    }
  }

  /**
   * Returns the memfd that a file is; empty if its handler is not memfd's.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is broken, or of a newer contract
   */
  public static Optional<Memfd> of(PreservedFile file) {
    if (MemfdVersion.isNewer(file.compatible())) {
      throw file.where().newer(file.address(), file.compatible());
    }
    return file.as(HANDLER);
  }

  /**
   * Returns the features in front of a file's structure, known or not; empty where the file is no
   * memfd with a feature header.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the structure is not in memory
   */
  public static Optional<FeatureHeader> features(PreservedFile file) {
    return MemfdVersion.of(file.compatible())
        .filter(MemfdVersion::isFeatured)
        .map(version ->
            file.handover().memory().view(file.where(), file.data(), version.structure()))
        .map(structure -> FeatureHeader.read(structure.embedded(MemfdSer.FEATURES)));
  }

  /**
   * Returns the memfd's own fields in its structure, behind a feature header where the version has
   * one.
   *
   * @throws org.kho4j.handover.wire.HandoverException if there is no such header, or it requires a
   *     feature that is not known here
   */
  public static StructureView body(MemfdVersion version, Where where, StructureView structure) {
    Field body = version.body();
    if (body == null) {
      return structure;
    }
    StructureView header = structure.embedded(MemfdSer.FEATURES);
    FeatureHeader.find(header)
        .orElseThrow(() ->
            where.broken(
                structure.address(),
                "not a possible feature header: " + FeatureHeader.read(header)))
        .requireKnown(LuoFeatures.MEMFD, where, structure.address());
    return structure.embedded(body);
  }

  /** Returns the file size in bytes, an unsigned number that is not checked. */
  public long size() {
    return ser.get(MemfdSer.SIZE);
  }

  /** Returns the file position in bytes. */
  public long position() {
    return ser.get(MemfdSer.POS);
  }

  /** Returns the F_SEAL_* bits; empty if the version does not keep them. */
  public OptionalLong seals() {
    return version.fields().has(MemfdSer.SEALS)
        ? OptionalLong.of(ser.get(MemfdSer.SEALS))
        : OptionalLong.empty();
  }

  /** Returns the number of entries of the folio array. */
  public long folioCount() {
    return ser.get(version.nrFolios());
  }

  /** Returns the area that holds the folio array. */
  public PreservedArea foliosInfo() {
    return foliosInfo;
  }

  /** Visits the folios of a memfd. */
  @FunctionalInterface
  public interface FolioVisitor {
    /**
     * Takes one folio.
     *
     * @param address physical address of its first byte
     * @param index its offset in the file, in base pages
     * @param flags {@link MemfdFolio#FLAG_DIRTY} and {@link MemfdFolio#FLAG_UPTODATE}
     */
    void folio(long address, long index, int flags);
  }

  /**
   * Visits the folios in the array's order. Entries without a page are skipped, as a kernel skips
   * them.
   *
   * @return the number of chunks that list the array
   * @throws org.kho4j.handover.wire.HandoverException if the array is broken
   */
  public int forEachFolio(FolioVisitor visitor) {
    return forEachEntry((number, at, folio, index, flags) -> visitor.folio(folio, index, flags));
  }

  /** Visits the entries of the array: their number, their own physical address, their folio. */
  @FunctionalInterface
  private interface EntryVisitor {
    void entry(long number, long at, long folio, long index, int flags);
  }

  private int forEachEntry(EntryVisitor visitor) {
    int pageShift = memory.pageSize().shift();
    int entrySize = MemfdFolio.STRUCTURE.headerSize();
    long end = folioCount() * entrySize;
    long maxPfn = 1L << (KhoRadix.MAX_PHYSICAL_BITS - pageShift);
    return foliosInfo.forEachContent(
        end,
        (content, offset, physicalAddress) -> {
          StructureView entry = new StructureView(MemfdFolio.STRUCTURE, physicalAddress, content);
          for (long at = 0; at < content.byteSize(); at += entrySize, entry.next()) {
            long word = entry.get(MemfdFolio.PFN_AND_FLAGS);
            long pfn = word & MemfdFolio.PFN_MASK;
            if (pfn == 0) {
              continue;
            }
            if (pfn >= maxPfn) {
              throw folio((offset + at) / entrySize)
                  .broken(
                      entry.address(),
                      "pfn 0x%x is beyond physical memory of 2^%d"
                          .formatted(pfn, KhoRadix.MAX_PHYSICAL_BITS));
            }
            visitor.entry(
                (offset + at) / entrySize,
                entry.address(),
                pfn << pageShift,
                entry.get(MemfdFolio.INDEX),
                (int) (word >>> MemfdFolio.PFN_BITS));
          }
        });
  }

  private Where folio(long number) {
    return where.in("folio", number);
  }

  /**
   * Counts the folios by order, which only the preserved map records.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the array or the map is broken, or a folio
   *     is not preserved
   */
  public OrderCounts orders(PreservedMap map) {
    OrderCounts counts = new OrderCounts(memory.pageSize());
    PreservedMap.Lookup lookup = map.lookup();
    forEachEntry((number, at, folio, index, flags) ->
        counts.add(order(lookup, number, at, folio, index), 1));
    return counts;
  }

  private int order(PreservedMap.Lookup lookup, long number, long at, long folio, long index) {
    int order = lookup.orderAt(folio);
    if (order < 0) {
      throw folio(number)
          .broken(
              at,
              "the folio of index %s at 0x%x must start a preserved block, but none starts there"
                  .formatted(Long.toUnsignedString(index), folio));
    }
    return order;
  }

  /**
   * Returns the file's bytes: {@link #size()} of them, with holes where there is no folio. Walks
   * the folio array once to check it, and again whenever the content is read. Folios count whatever
   * their flags are.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the array or the map is broken, the map is
   *     consumed, a folio is not preserved or lies beyond the size, or two folios overlap in the
   *     file
   */
  public Content content() {
    long size = size();
    if (size < 0) {
      throw where.broken(
          address, "size is %s, larger than any file".formatted(Long.toUnsignedString(size)));
    }
    if (!handover.hasMap() && handover.mapState() != Handover.MapState.ABSENT) {
      throw where.broken(
          address,
          "only the preserved map has the size of its folios, and the map is "
              + handover.mapState().label());
    }
    return new Content(memory, where.toString(), size, new FolioPieces().inOrder());
  }

  /**
   * A memfd's folios as pieces of the file: in the sizes of the preserved map, cut where the file
   * ends, neighbours in the file and in memory as one.
   */
  private final class FolioPieces implements Content.Pieces {

    private final PreservedMap map = handover.preservedMap();
    private final PageSize pageSize = memory.pageSize();

    /**
     * Returns the pieces in the file's order. Kernels list folios in that order, which needs no
     * memory here; a list in any other order is sorted.
     *
     * @throws org.kho4j.handover.wire.HandoverException if the list is broken, a folio is not
     *     preserved or lies beyond the size, or two folios overlap
     */
    Content.Pieces inOrder() {
      long[] folios = new long[1];
      boolean[] ordered = {true};
      walk((number, offset, address, bytes) -> folios[0]++, ordered);
      if (ordered[0]) {
        return this;
      }
      FolioExtents extents = new FolioExtents(folios[0]);
      walk(extents::add, ordered);
      long overlapping = extents.sort();
      if (overlapping >= 0) {
        throw overlap(extents, overlapping);
      }
      return visitor -> {
        Merging merging = new Merging(visitor);
        extents.forEach(merging::add);
        merging.flush();
      };
    }

    /** Two folios that are in any order in the array; the later one is wrong. */
    private HandoverException overlap(FolioExtents extents, long extent) {
      long one = extents.number(extent - 1);
      long other = extents.number(extent);
      long late = Math.max(one, other);
      long early = late == one ? extent : extent - 1;
      int shift = pageSize.shift();
      long[] found = new long[2];
      forEachEntry((number, at, folio, index, flags) -> {
        if (number == late) {
          found[0] = at;
          found[1] = index;
        }
      });
      return folio(late)
          .broken(
              found[0],
              "index is %d, but folio %d reaches from %d to %d"
                  .formatted(
                      found[1],
                      extents.number(early),
                      extents.offset(early) >>> shift,
                      (extents.end(early) - 1) >>> shift));
    }

    /**
     * Visits the pieces of a list that is in order.
     *
     * @throws org.kho4j.handover.wire.HandoverException where the list is broken, or folios overlap
     */
    @Override
    public void forEach(Content.PieceVisitor visitor) {
      Merging merging = new Merging(visitor);
      walk(
          (number, offset, address, bytes) -> merging.add(offset, address, bytes),
          new boolean[] {true});
      merging.flush();
    }

    /**
     * Visits the folios in the array's order.
     *
     * @param ordered becomes false at the first folio that is before the previous one in the file;
     *     until then, folios are checked for overlaps
     */
    private void walk(FolioExtents.Visitor visitor, boolean[] ordered) {
      PreservedMap.Lookup lookup = map.lookup();
      long size = size();
      long filePages = (size + pageSize.bytes() - 1) >>> pageSize.shift();
      long[] previous = new long[2];
      forEachEntry((number, at, folio, index, flags) -> {
        long block = pageSize.blockBytes(order(lookup, number, at, folio, index));
        if (Long.compareUnsigned(index, filePages) >= 0) {
          throw folio(number)
              .broken(
                  at,
                  "index is %s, but the number of the file's pages is %d"
                      .formatted(Long.toUnsignedString(index), filePages));
        }
        ordered[0] &= index >= previous[0];
        if (ordered[0] && index < previous[1]) {
          throw folio(number)
              .broken(
                  at,
                  "index is %d, but the previous folio reaches from %d to %d"
                      .formatted(index, previous[0], previous[1] - 1));
        }
        previous[0] = index;
        previous[1] = index + (block >>> pageSize.shift());
        long offset = index << pageSize.shift();
        visitor.folio(number, offset, folio, Math.min(block, size - offset));
      });
    }

    private static final class Merging {
      private final Content.PieceVisitor visitor;
      private long offset;
      private long address;
      private long bytes;

      Merging(Content.PieceVisitor visitor) {
        this.visitor = visitor;
      }

      void add(long nextOffset, long nextAddress, long nextBytes) {
        if (nextOffset == end() && nextAddress == address + bytes) {
          bytes += nextBytes;
          return;
        }
        flush();
        offset = nextOffset;
        address = nextAddress;
        bytes = nextBytes;
      }

      long end() {
        return offset + bytes;
      }

      void flush() {
        if (bytes > 0) {
          visitor.piece(offset, address, bytes);
        }
      }
    }
  }
}
