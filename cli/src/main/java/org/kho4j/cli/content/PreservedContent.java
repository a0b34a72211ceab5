package org.kho4j.cli.content;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * The content of a handover's parts. A part that {@code kho verify} calls lost has none: its
 * content, or a structure that describes it, is not preserved. Without a map that can be read,
 * nothing is known to be lost.
 */
public final class PreservedContent {

  private final HandoverMemory memory;
  private final PageSize pageSize;
  private final PreservedMap.@Nullable Lookup lookup;

  public PreservedContent(Handover handover) {
    this.memory = handover.memory();
    this.pageSize = handover.pageSize();
    this.lookup = handover.hasMap() ? handover.preservedMap().lookup() : null;
  }

  /**
   * Returns the blob of a subtree.
   *
   * @throws HandoverException if there can be no such blob, or the blob is not preserved
   */
  public Content blob(Subtree subtree) {
    require(subtree);
    return subtree.content(memory);
  }

  /**
   * Checks that a blob can be, and is preserved.
   *
   * @throws HandoverException if it is not
   */
  public void require(Subtree subtree) {
    subtree.requirePossible(memory);
    require(subtree.where(), " of the blob", subtree.address(), subtree.size());
  }

  /**
   * Returns the difference between the size of a blob and the size of the device tree in it, which
   * is what the blob's owner reads; empty if there is none.
   */
  public Optional<HandoverException> otherSize(Subtree subtree) {
    MemorySegment tree;
    try {
      tree = memory.treeBytes(subtree.where(), subtree.address(), subtree.size());
    } catch (HandoverException e) {
      return Optional.empty(); // The blob is no device tree, or its reader reports what it lacks.
    }
    long total = Fdt.totalSize(tree);
    return total == subtree.size()
        ? Optional.empty()
        : Optional.of(
            subtree
                .where()
                .broken(
                    subtree.address(),
                    "totalsize is %d, but blob-size is %d".formatted(total, subtree.size())));
  }

  /**
   * Returns the memory of a reservation.
   *
   * @throws HandoverException if there can be no such memory, or not all of it is preserved
   */
  public Content reservation(ReserveMem reservation) {
    Content content = reservation.content(memory);
    require(reservation.where(), "", reservation.start(), reservation.size());
    return content;
  }

  /**
   * Returns a vmalloc area.
   *
   * @throws HandoverException if it is broken, or a page or chunk of it is not preserved
   */
  public Content area(Where where, PreservedArea area) {
    requireArea(where, area);
    return area.content();
  }

  /**
   * Returns the content of a memfd.
   *
   * @throws HandoverException if the memfd is broken, or a structure or a folio is not preserved
   */
  public Content memfd(PreservedFile file, Memfd memfd) {
    Content content = memfd.content();
    require(file);
    require(file.where(), " of its structure", file.data(), 1);
    requireArea(file.where().in("folios"), memfd.foliosInfo());
    return content;
  }

  /**
   * Returns the fault of the first entry of a memfd's folio list that has no page: a kernel skips
   * the entry, and this part of the file becomes zeros. Empty if there is none.
   */
  public static Optional<HandoverException> emptyEntry(PreservedFile file, Memfd memfd) {
    int entrySize = MemfdFolio.STRUCTURE.headerSize();
    List<HandoverException> first = new ArrayList<>(1);
    try {
      memfd
          .foliosInfo()
          .forEachContent(
              memfd.folioCount() * entrySize,
              (list, offset, address) -> {
                StructureView entry = new StructureView(MemfdFolio.STRUCTURE, address, list);
                for (long at = 0; at < list.byteSize(); at += entrySize, entry.next()) {
                  long pfn = entry.get(MemfdFolio.PFN_AND_FLAGS) & MemfdFolio.PFN_MASK;
                  if (pfn == 0 && first.isEmpty()) {
                    first.add(
                        file.where()
                            .in("folio", (offset + at) / entrySize)
                            .broken(
                                entry.address(),
                                "pfn is 0, for index %s"
                                    .formatted(
                                        Long.toUnsignedString(entry.get(MemfdFolio.INDEX)))));
                  }
                }
              });
    } catch (HandoverException e) {
      return Optional.empty(); // Whoever reads the content reports the list.
    }
    return first.stream().findFirst();
  }

  /**
   * Checks that LUO's head is preserved.
   *
   * @throws HandoverException if it is not
   */
  public void requireHead(Subtree luo) {
    require(luo);
    LuoHead head = LuoHead.read(memory, luo);
    require(luo.where(), " of the head", head.address(), LuoSer.STRUCTURE.headerSize());
  }

  /**
   * Checks that the entry of a session is preserved.
   *
   * @throws HandoverException if it is not
   */
  public void require(Session session) {
    require(
        session.where(), " of its entry", session.address(), LuoSession.WITHOUT_FILES.headerSize());
  }

  /**
   * Checks that the entry of a file is preserved.
   *
   * @throws HandoverException if it is not
   */
  public void require(PreservedFile file) {
    require(file.where(), " of its entry", file.address(), LuoFile.STRUCTURE.headerSize());
  }

  /**
   * Checks that memory is preserved.
   *
   * @param part of the structure that has the memory, for the message
   * @throws HandoverException if it is not
   */
  public void require(Where where, String part, long address, long bytes) {
    long missing = firstNotPreserved(address, bytes);
    if (missing >= 0) {
      throw where.broken(address, "page 0x%x%s is not preserved".formatted(missing, part));
    }
  }

  private void requireArea(Where where, PreservedArea area) {
    int[] chunk = new int[1];
    area.forEachRun(
        (order, address, bytes) -> require(where, "", address, bytes),
        address -> require(where.in("chunk", chunk[0]++), "", address, pageSize.bytes()));
  }

  /**
   * Returns the first page of a range that no preserved block has; -1 if there is none, or if that
   * is not known: beyond memory, or where the map cannot be read.
   */
  private long firstNotPreserved(long address, long bytes) {
    PreservedMap.Lookup map = lookup;
    if (map == null || !memory.physical().isRam(address, bytes)) {
      return -1;
    }
    try {
      for (long at = address & -pageSize.bytes(); at < address + bytes; ) {
        int order = orderAround(map, at);
        if (order < 0) {
          return at;
        }
        long block = pageSize.blockBytes(order);
        at = (at & -block) + block;
      }
      return -1;
    } catch (HandoverException e) {
      return -1; // The fault of the map is reported where the map is read.
    }
  }

  private int orderAround(PreservedMap.Lookup map, long address) {
    for (int order = 0; order <= KhoRadix.maxOrder(pageSize); order++) {
      if (map.isPreserved(address & -pageSize.blockBytes(order), order)) {
        return order;
      }
    }
    return -1;
  }
}
