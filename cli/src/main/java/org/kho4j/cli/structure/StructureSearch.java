package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.cli.output.Units;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;
import org.kho4j.verify.result.OwnerVisitor;

/** Finds the structures of a path, or around an address, on a walk through a handover. */
final class StructureSearch implements OwnerVisitor {

  private static final int MOST_FOUND = 64;
  private static final int MOST_NEAR = 20;

  /** The pages of the map are many, and would take the places of all other paths. */
  private static final String MAP = "/preserved-memory-map/";

  private static final Pattern FOLIO = Pattern.compile("(.*)/folio (\\d{1,18})");

  private final Handover handover;
  private final PageSize pageSize;
  private final int mostElements;
  private final String path;
  private final @Nullable Long address;
  private final String folioOwner;
  private final long folio;
  private final FolioArrays arrays = new FolioArrays();
  private final List<ShownStructure> found = new ArrayList<>();
  private final Set<String> near = new LinkedHashSet<>();
  private long more;

  /**
   * A search.
   *
   * @param wanted a path, with quotes or without
   * @param address that is wanted instead; null for the path
   */
  StructureSearch(Handover handover, String wanted, @Nullable Long address, int mostElements) {
    this.handover = handover;
    this.pageSize = handover.pageSize();
    this.mostElements = mostElements;
    this.address = address;
    this.path = plain(wanted.startsWith("/") ? wanted : "/" + wanted);
    Matcher entry = FOLIO.matcher(path);
    boolean isEntry = entry.matches();
    this.folioOwner = isEntry ? entry.group(1) : "";
    this.folio = isEntry ? Long.parseLong(entry.group(2)) : -1;
  }

  /** Returns whether a path is the wanted one. */
  boolean isAt(String other) {
    return plain(other).equals(path);
  }

  /** A path in its printed form, without quotes, which a user may leave out in a shell. */
  private static String plain(String written) {
    return Units.printablePath(written).replace("\"", "");
  }

  /**
   * Returns the first 64 structures found. A blob that is a known structure is shown only as that
   * structure.
   */
  List<ShownStructure> found() {
    return found.stream().filter(one -> !one.isBlob() || !isDecoded(one)).toList();
  }

  private boolean isDecoded(ShownStructure blob) {
    return found.stream().anyMatch(one -> !one.isBlob() && one.address() == blob.address());
  }

  /** Structures that were found beside those. */
  long more() {
    return more;
  }

  /** Some paths beside the wanted one or above it. */
  Set<String> near() {
    return near;
  }

  @Override
  public void structure(Where where, StructureView view) {
    arrays.structure(where, view);
    if (isWanted(where, view.address(), view.structure().size(pageSize))) {
      add(ShownStructure.of(where, view, pageSize, mostElements));
    }
  }

  @Override
  public void blob(Where where, long start, MemorySegment bytes) {
    arrays.blob(where, bytes);
    if (!isWanted(where, start, bytes.byteSize())) {
      return;
    }
    if (Fdt.isMagic(bytes)) {
      try {
        add(ShownStructure.of(where, Fdt.read(bytes), start, bytes, mostElements));
        return;
      } catch (FdtException e) {
        // The bytes are shown instead.
      }
    }
    add(ShownStructure.of(where, start, bytes));
  }

  @Override
  public void owns(Where where, long start, long bytes) {
    OwnerKind kind = OwnerKind.of(where);
    long before = arrays.before(kind, where, bytes);
    if ((folio < 0 && address == null) || kind != OwnerKind.VMALLOC) {
      return;
    }
    Where area = kind.owner(where);
    Field elements = arrays.elements(area);
    if (elements == null || (address == null && !isAt(area.around(), folioOwner))) {
      return;
    }
    long number = address == null ? folio : (before + address - start) / elements.size();
    long offset = number * elements.size() - before;
    if (arrays.has(number)
        && offset >= 0
        && offset < bytes
        && (address == null || (address >= start && address - start < bytes))) {
      entry(area.around().in("folio", number), elements, start + offset);
    }
  }

  private static boolean isAt(Where where, String path) {
    return plain(where.toString()).equals(path);
  }

  private void entry(Where place, Field elements, long at) {
    MemorySegment bytes;
    try {
      bytes = handover.memory().bytes(place, at, elements.size());
    } catch (HandoverException e) {
      return; // It is not in the dump; verify lists it.
    }
    Structure structure = elements.type() == Field.Type.STRUCTURE ? elements.target() : null;
    add(
        structure == null
            ? ShownStructure.of(place, elements, at, bytes)
            : ShownStructure.of(
                place, new StructureView(structure, at, bytes), pageSize, mostElements));
  }

  private boolean isWanted(Where where, long start, long bytes) {
    if (address != null) {
      return address >= start && address - start < bytes;
    }
    String here = plain(where.toString());
    if (near.size() < MOST_NEAR && isNear(here)) {
      near.add(where.toString());
    }
    return here.equals(path);
  }

  /** Returns whether a path is beside the wanted one, or above it. */
  private boolean isNear(String here) {
    String folder = path.substring(0, path.lastIndexOf('/') + 1);
    return path.startsWith(here + "/")
        || (here.startsWith(folder) && (!here.startsWith(MAP) || folder.equals(MAP)));
  }

  private void add(ShownStructure structure) {
    if (found.size() < MOST_FOUND) {
      found.add(structure);
    } else {
      more++;
    }
  }
}
