package org.kho4j.damage;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import org.kho4j.abi.Field;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.LuoAbiHeader;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFileSet;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.root.Subtree;

/**
 * Every field of a sound handover's metadata: of device trees, of the preserved map, of lists and
 * structures; not the content of files and areas. Of long lists, places all along.
 */
public final class MetadataPlaces {

  /** At most so many places of one kind in one list. */
  private static final int MOST = 64;

  private final Overlay memory;
  private final Handover handover;
  private final int pageBytes;
  private final List<MetadataPlace> places = new ArrayList<>();
  private final Set<Long> areas = new HashSet<>();

  private MetadataPlaces(Handover handover) {
    this.memory = new Overlay(handover.memory().physical());
    this.handover = handover;
    this.pageBytes = handover.pageSize().bytes();
  }

  /** Finds them; none in a handover that a kernel has taken. */
  public static List<MetadataPlace> of(Handover handover) {
    MetadataPlaces found = new MetadataPlaces(handover);
    if (handover.taken().isPresent()) {
      return List.of();
    }
    found.tree("root FDT", handover.root().address());
    if (handover.hasMap()) {
      found.places.addAll(MapPlaces.of(handover));
      handover.subtrees(problem -> {}).forEach(found::subtree);
    }
    return found.places;
  }

  private long u64(long address) {
    return memory.get64(address);
  }

  private void add(String structure, String field, long address, int bytes) {
    places.add(new MetadataPlace(structure, field, address, bytes));
  }

  private void add(Structure structure, long address) {
    for (Field field : structure.fields()) {
      if (field.type() == Field.Type.STRUCTURE) {
        continue; // has places of its own
      }
      if (field.type() == Field.Type.CHARS) {
        text(structure.name(), field, address);
      } else {
        add(structure.name(), field.name(), address + field.offset(), field.size());
      }
    }
  }

  /** The characters of a text, its NUL, and what is behind that. */
  private void text(String structure, Field field, long address) {
    long start = address + field.offset();
    int length = memory.text(start, field.size()).length();
    for (int i = 0; i < length; i++) {
      add(structure, field.name(), start + i, 1);
    }
    if (length < field.size()) {
      add(structure, field.name() + ", its NUL", start + length, 1);
    }
    if (length + 1 < field.size()) {
      add(structure, field.name() + ", behind its NUL", start + length + 1, 1);
      add(structure, field.name() + ", behind its NUL", start + field.size() - 1, 1);
    }
  }

  /** Words from one address on to another, of which some are taken. */
  private void words(String structure, String field, long from, long to) {
    long words = (to - from) / Long.BYTES;
    long step = Math.max(1, words / MOST);
    for (long i = 0; i < words; i += step) {
      add(structure, field, from + i * Long.BYTES, Long.BYTES);
    }
  }

  private void tree(String name, long address) {
    places.addAll(TreePlaces.of(memory, name, address));
  }

  private void subtree(Subtree subtree) {
    long address = subtree.address();
    boolean isTree = Fdt.isMagic(memory.read(address, Integer.BYTES * 2L));
    switch (subtree.name()) {
      case KexecMetadata.SUBTREE -> add(KexecMetadata.STRUCTURE, address);
      case LuoSer.SUBTREE -> {
        if (isTree) {
          tree("LUO's tree", address);
        } else {
          add(LuoSer.STRUCTURE, address);
        }
        luo(LuoHead.read(handover.memory(), subtree));
      }
      default -> {
        if (isTree) {
          tree(subtree.name() + "'s tree", address);
        }
      }
    }
    if (subtree.name().equals("kho_test") && isTree) {
      area(Blobs.property(memory, address, "folios_info", 0), "kho_test's list");
    }
  }

  private void luo(LuoHead head) {
    LuoVersion version = head.version();
    if (version.head() == LuoVersion.Head.FDT_POINTER) {
      add(LuoAbiHeader.STRUCTURE, head.address());
    }
    int size = head.session().headerSize();
    list(
        version.sessionList(),
        head.sessions(),
        size,
        -1,
        entry -> {
          add(head.session(), entry);
          head.session()
              .field(LuoSession.FILE_SET.name())
              .ifPresent(set -> {
                long files = entry + set.offset();
                add(LuoFileSet.STRUCTURE, files);
                list(
                    version.fileList(),
                    u64(files + LuoFileSet.FILES.offset()),
                    LuoFile.STRUCTURE.headerSize(),
                    u64(files + LuoFileSet.COUNT.offset()),
                    this::file);
              });
        });
    if (version.flbs()) {
      int flb = LuoFlb.STRUCTURE.headerSize();
      list(LuoFlb.HEADER, head.flbs(), flb, 0, entry -> add(LuoFlb.STRUCTURE, entry));
    }
  }

  /** A list of entries: an array, or a chain of blocks. */
  private void list(Structure list, long first, int entrySize, long told, LongConsumer entry) {
    boolean isBlock = list.has(KhoBlock.COUNT);
    for (long at = first; at != 0; at = isBlock ? u64(at + KhoBlock.NEXT.offset()) : 0) {
      add(list, at);
      long start = at;
      long count = list.field("count").map(field -> u64(start + field.offset())).orElse(told);
      long entries = at + list.headerSize();
      for (long i = 0; i < count; i++) {
        entry.accept(entries + i * entrySize);
      }
      long end = at + list.pages() * (long) pageBytes;
      words(list.name(), "behind its entries", entries + count * entrySize, end);
    }
  }

  private void file(long entry) {
    add(LuoFile.STRUCTURE, entry);
    MemfdVersion.of(memory.text(entry, LuoFile.COMPATIBLE.size()))
        .ifPresent(version -> {
          long ser = u64(entry + LuoFile.DATA.offset());
          add(version.structure(), ser);
          words(
              version.structure().name(),
              "behind it",
              ser + version.structure().headerSize(),
              ser + pageBytes);
          long folios = u64(ser + version.nrFolios().offset());
          long area = ser + version.folios().offset();
          long array = area(area, "memfd_luo_folio_ser array");
          int size = MemfdFolio.STRUCTURE.headerSize();
          long onPage = Math.min(folios, pageBytes / size);
          long step = Math.max(1, onPage / MOST);
          for (long i = 0; array != 0 && i < onPage; i += step) {
            add(MemfdFolio.STRUCTURE, array + i * size);
          }
        });
  }

  /** The descriptor of an area, and its chunks; returns its first page, or 0. */
  private long area(long descriptor, String what) {
    add(KhoVmalloc.STRUCTURE, descriptor);
    long first = u64(descriptor + KhoVmalloc.FIRST.offset());
    long page = 0;
    int header = KhoVmallocChunk.STRUCTURE.headerSize();
    for (long chunk = first; chunk != 0 && areas.add(chunk); chunk = u64(chunk)) {
      add(KhoVmallocChunk.STRUCTURE, chunk);
      long at = chunk + header;
      while (at < chunk + pageBytes && u64(at) != 0) {
        page = page == 0 ? u64(at) : page;
        at += Long.BYTES;
      }
      words(KhoVmallocChunk.STRUCTURE.name(), "phys", chunk + header, at);
      words(KhoVmallocChunk.STRUCTURE.name(), "behind its entries", at, chunk + pageBytes);
    }
    if (page != 0 && what.startsWith("kho_test")) {
      long end = page;
      while (end < page + pageBytes && u64(end) != 0) {
        end += Long.BYTES;
      }
      words(what, "folio", page, end);
    }
    return page;
  }
}
