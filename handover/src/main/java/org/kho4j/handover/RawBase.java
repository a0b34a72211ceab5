package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/**
 * Finds the physical address at which a raw image begins, or the size of a header in front of it.
 * If the assumed address is wrong, all pointers of a root FDT in the image are wrong by the same
 * distance.
 *
 * @param memory the image, at the wrong address
 * @param root the root FDT, at the wrong address
 * @param pointers to the preserved map first, then to the blobs of the subtrees
 */
public record RawBase(PhysicalMemory memory, RootFdt root, List<Long> pointers) {

  /** RAM begins at a multiple of 2 MiB on every machine known. */
  private static final long STEP = 2 << 20;

  private static final long MAX_STEPS = 1 << 20;

  private static final long PAGE = PageSize.SIZE_4K.bytes();

  /** Most bytes of a header in front of memory: 256 pages. */
  private static final long MAX_HEADER = 1 << 20;

  public RawBase {
    pointers = List.copyOf(pointers);
  }

  /** Returns the pointers of a handover's root FDT, as far as its version is known. */
  public static RawBase of(Handover handover) {
    List<Long> pointers = new ArrayList<>();
    RootFdt root = handover.root();
    try {
      KhoVersion version = handover.version();
      Where where = PreservedMap.PATH;
      pointers.add(PreservedMap.pointer(version).address(root.tree(), where, root.address()));
      for (var node : root.tree().children()) {
        pointers.add(TreeValue.number(node, version.addressProperty(), where, root.address()));
      }
    } catch (HandoverException e) {
      // The readable pointers decide; the verification reports the rest.
    }
    return new RawBase(handover.memory().physical(), root, pointers);
  }

  /** Returns whether the root FDT has a map and all its pointers lead outside of the image. */
  public boolean missesAll() {
    return !pointers.isEmpty()
        && pointers.getFirst() != 0
        && pointers.stream().noneMatch(pointer -> memory.contains(pointer, Long.BYTES));
  }

  /**
   * Returns the physical address of the image's first byte with which the map is whole and every
   * pointer is in the image; empty if there is no such address, or several.
   */
  public OptionalLong find() {
    long map = pointers.getFirst();
    long[] range = {Long.MAX_VALUE, 0};
    memory.forEachRange((address, length) -> {
      range[0] = Math.min(range[0], address);
      range[1] = Math.max(range[1], address + length);
    });
    OptionalLong found = OptionalLong.empty();
    long first = Math.max(-range[0], (map - range[1] + STEP) & -STEP);
    long last = Math.min(map - range[0], first + MAX_STEPS * STEP);
    for (long distance = first; distance <= last; distance += STEP) {
      if (fits(distance)) {
        if (found.isPresent()) {
          return OptionalLong.empty();
        }
        found = OptionalLong.of(range[0] + distance);
      }
    }
    return found;
  }

  /**
   * Returns the distance in bytes, at most 1 MiB, to the address at which the image has to begin so
   * that the root FDT is at a page, the map is whole and every pointer is in the image; empty if
   * there is no such address. A negative distance may be a header in front of the memory; a
   * positive one, in whole pages, are pages that the image lacks at its beginning.
   */
  public OptionalLong findNear() {
    if (pointers.isEmpty() || pointers.getFirst() == 0) {
      return OptionalLong.empty();
    }
    long offset = root.address() & (PAGE - 1);
    long most = Math.min(MAX_HEADER, root.address());
    for (long header = offset == 0 ? PAGE : offset; header <= most; header += PAGE) {
      if (fits(-header)) {
        return OptionalLong.of(-header);
      }
    }
    for (long missing = PAGE; offset == 0 && missing <= MAX_HEADER; missing += PAGE) {
      if (fits(missing)) {
        return OptionalLong.of(missing);
      }
    }
    return OptionalLong.empty();
  }

  private boolean fits(long distance) {
    PhysicalMemory moved = new Moved(memory, distance);
    RootFdt there =
        new RootFdt(
            root.address() + distance,
            root.totalSize(),
            root.tree(),
            root.compatible(),
            Optional.empty());
    return pointers.stream().allMatch(pointer -> moved.contains(pointer, Long.BYTES))
        && Handovers.of(moved, List.of(there), null).getFirst().hasRootPage();
  }

  /** Memory at other addresses. */
  private record Moved(PhysicalMemory memory, long distance) implements PhysicalMemory {

    @Override
    public MemorySource source() {
      return memory.source();
    }

    @Override
    public MemorySegment read(long address, long length) {
      if (address < Math.max(0, distance)) {
        throw new AbsentMemoryException(address, "0x%x is not in the image".formatted(address));
      }
      return memory.read(address - distance, length);
    }

    @Override
    public boolean contains(long address, long length) {
      return address >= Math.max(0, distance) && memory.contains(address - distance, length);
    }

    @Override
    public void forEachRange(RangeVisitor visitor) {
      memory.forEachRange((address, length) -> {
        long start = Math.max(0, address + distance);
        long end = address + distance + length;
        if (end > start) {
          visitor.range(start, end - start);
        }
      });
    }

    @Override
    public void close() {}
  }
}
