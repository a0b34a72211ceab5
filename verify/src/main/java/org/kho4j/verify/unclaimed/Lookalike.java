package org.kho4j.verify.unclaimed;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.LuoArrays;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFileSet;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.luo.Unused;
import org.kho4j.verify.scene.Scene;

/**
 * Recognizes structures of the contract by their content, in pages without a pointer to them.
 * Strict: every pointer is the address of a preserved page, every name is text, and unused bytes
 * are 0.
 */
final class Lookalike {

  /** The structures that are recognized; structures that list others come first. */
  enum Kind {
    HEAD("head of LUO's state", "heads of LUO's state", "session", true),
    SESSIONS("list of sessions", "lists of sessions", "session", true),
    FILES("list of files", "lists of files", "file", true),
    FLBS("page of FLBs", "pages of FLBs", "FLB", true),
    MEMFD("memfd's structure", "memfds' structures", "folio", true),
    TREE("device tree", "device trees", "", false),
    CHUNK("chunk of a vmalloc area", "chunks of vmalloc areas", "block", false),
    FOLIOS("page of a memfd's folios", "pages of memfds' folios", "folio", false);

    private final String one;
    private final String many;
    private final String entry;
    private final boolean ofLuo;

    Kind(String one, String many, String entry, boolean ofLuo) {
      this.one = one;
      this.many = many;
      this.entry = entry;
      this.ofLuo = ofLuo;
    }

    String one() {
      return one;
    }

    String many() {
      return many;
    }

    String entries(long count) {
      return count == 1 ? entry : entry + "s";
    }

    /**
     * Returns whether such pages belong to LUO's state, and not to an owner that is unknown here.
     */
    boolean isOfLuo() {
      return ofLuo;
    }
  }

  /**
   * A page that looks like a structure.
   *
   * @param address physical address of the page
   * @param next address of the next structure of the kind, or 0
   * @param entries number of listed entries
   * @param name of its first entry, or empty
   */
  record Seen(Kind kind, long address, long next, long entries, String name) {}

  private final Scene scene;
  private final int shift;

  Lookalike(Scene scene) {
    this.scene = scene;
    this.shift = scene.pageSize().shift();
  }

  /** Returns the structure that a page looks like; null if there is none. */
  @Nullable Seen at(long address) {
    MemorySegment page;
    try {
      page = scene.memory().page(Where.ROOT, address);
    } catch (HandoverException e) {
      return null;
    }
    if (page.get(StructureView.U64, 0) == 0 && page.get(StructureView.U64, 8) == 0) {
      return null;
    }
    if (Fdt.isMagic(page)) {
      return new Seen(Kind.TREE, address, 0, 0, "");
    }
    String text = Unused.name(page);
    if (text.startsWith("luo-v")) {
      return isZero(page, LuoSer.STRUCTURE.headerSize())
          ? new Seen(Kind.HEAD, address, 0, 0, text)
          : null;
    }
    Seen seen = list(address, page);
    seen = seen == null ? chunk(address, page) : seen;
    seen = seen == null ? memfd(address, page) : seen;
    return seen == null ? folios(address, page) : seen;
  }

  /** Recognizes blocks, arrays and the page of FLBs. */
  private @Nullable Seen list(long address, MemorySegment page) {
    long first = page.get(StructureView.U64, 0);
    long second = page.get(StructureView.U64, 8);
    int block = KhoBlock.STRUCTURE.headerSize();
    if (first == 0 || isPreservedPage(first)) {
      Seen seen = sessions(address, page, first, second, block);
      seen = seen == null ? files(address, page, first, second, block) : seen;
      if (seen != null) {
        return seen;
      }
    }
    if (first == 1) {
      int header = LuoFlb.HEADER.headerSize();
      if (isList(page, header, LuoFlb.STRUCTURE, second, LuoFlb.NAME)) {
        return new Seen(Kind.FLBS, address, 0, second, Unused.name(page.asSlice(header)));
      }
    }
    return array(address, page, first);
  }

  private @Nullable Seen array(long address, MemorySegment page, long first) {
    int sessions = LuoArrays.SESSIONS.lifetime().order();
    if (scene.preserved().isBlock(address, sessions)) {
      int header = LuoArrays.SESSIONS.headerSize();
      return sessions(address, whole(page, address, sessions), 0, first, header);
    }
    int files = LuoArrays.FILES.lifetime().order();
    if (!scene.preserved().isBlock(address, files)) {
      return null;
    }
    MemorySegment pages = whole(page, address, files);
    int size = LuoFile.STRUCTURE.headerSize();
    long count = 0;
    while ((count + 1) * size <= pages.byteSize()
        && Unused.nameLength(pages.asSlice(count * size)) > 0) {
      count++;
    }
    return files(address, pages, 0, count, 0);
  }

  /** Returns all pages of a block, or the first page if the others cannot be read. */
  private MemorySegment whole(MemorySegment page, long address, int order) {
    try {
      return scene.memory().bytes(Where.ROOT, address, scene.pageSize().blockBytes(order));
    } catch (HandoverException e) {
      return page;
    }
  }

  private @Nullable Seen sessions(
      long address, MemorySegment list, long next, long count, int header) {
    int size = LuoSession.STRUCTURE.headerSize();
    if (!isList(list, header, LuoSession.STRUCTURE, count, LuoSession.NAME)) {
      return null;
    }
    for (long i = 0; i < count; i++) {
      MemorySegment entry = list.asSlice(header + i * size, size);
      long first =
          new StructureView(LuoSession.STRUCTURE, address, entry)
              .embedded(LuoSession.FILE_SET)
              .address(LuoFileSet.FILES);
      if (first != 0 && !isPreservedPage(first)) {
        return null;
      }
    }
    return new Seen(Kind.SESSIONS, address, next, count, Unused.name(list.asSlice(header)));
  }

  private @Nullable Seen files(
      long address, MemorySegment list, long next, long count, int header) {
    return isList(list, header, LuoFile.STRUCTURE, count, LuoFile.COMPATIBLE)
        ? new Seen(Kind.FILES, address, next, count, Unused.name(list.asSlice(header)))
        : null;
  }

  /** Returns whether a page has {@code count} entries with names, and zeros behind them. */
  private static boolean isList(
      MemorySegment list, int header, Structure entry, long count, Field name) {
    int size = entry.headerSize();
    if (count < 1 || count > (list.byteSize() - header) / size) {
      return false;
    }
    for (long i = 0; i < count; i++) {
      MemorySegment text =
          new StructureView(entry, KhoException.NOWHERE, list.asSlice(header + i * size))
              .chars(name);
      int length = Unused.nameLength(text);
      if (length < 1 || !isZero(text, length)) {
        return false;
      }
    }
    return isZero(list, header + count * size);
  }

  private @Nullable Seen memfd(long address, MemorySegment page) {
    for (MemfdVersion version : MemfdVersion.ALL.reversed()) {
      Structure structure = version.structure();
      StructureView ser = new StructureView(structure, address, page);
      Descriptor area = Descriptor.of(ser.embedded(version.folios()));
      long folios = ser.get(version.nrFolios());
      long room = (area.totalPages() << shift) / MemfdFolio.STRUCTURE.headerSize();
      long seals = structure.has(MemfdSer.SEALS) ? ser.get(MemfdSer.SEALS) : 0;
      long flags = structure.has(MemfdSer.FLAGS) ? ser.get(MemfdSer.FLAGS) : 0;
      long size = ser.get(MemfdSer.SIZE);
      if ((seals & ~(long) MemfdSer.SEALS_MASK) == 0
          && flags == 0
          && size > 0
          && folios > 0
          && folios <= Math.min(room, ((size - 1) >>> shift) + 1)
          && (area.flags() & KhoVmalloc.FLAG_ALLOC) != 0
          && isPreservedPage(area.first())
          && isZero(page, structure.headerSize())) {
        return new Seen(Kind.MEMFD, address, 0, folios, "");
      }
    }
    return null;
  }

  private @Nullable Seen chunk(long address, MemorySegment page) {
    long next =
        new StructureView(KhoVmallocChunk.STRUCTURE, address, page).address(KhoVmallocChunk.NEXT);
    int header = KhoVmallocChunk.STRUCTURE.headerSize();
    long at = header;
    while (at < page.byteSize() && isPreservedPage(page.get(StructureView.U64, at))) {
      at += Long.BYTES;
    }
    return at > header && isZero(page, at) && (next == 0 || isPreservedPage(next))
        ? new Seen(Kind.CHUNK, address, next, (at - header) / Long.BYTES, "")
        : null;
  }

  private @Nullable Seen folios(long address, MemorySegment page) {
    int size = MemfdFolio.STRUCTURE.headerSize();
    long count = 0;
    long index = -1;
    for (; count < page.byteSize() / size; count++) {
      long word = page.get(StructureView.U64, count * size);
      long next = page.get(StructureView.U64, count * size + Long.BYTES);
      long flags = word >>> MemfdFolio.PFN_BITS;
      long folio = (word & MemfdFolio.PFN_MASK) << shift;
      if (word == 0 || next <= index || flags >>> 2 != 0 || !isPreservedPage(folio)) {
        break;
      }
      index = next;
    }
    return count > 0 && isZero(page, count * size)
        ? new Seen(Kind.FOLIOS, address, 0, count, "")
        : null;
  }

  private boolean isPreservedPage(long address) {
    return address != 0
        && scene.pageSize().isAligned(address)
        && address >>> KhoRadix.MAX_PHYSICAL_BITS == 0
        && scene.preserved().pages().has(address >>> shift);
  }

  private static boolean isZero(MemorySegment bytes, long from) {
    return Unused.isZero(bytes.asSlice(from));
  }
}
