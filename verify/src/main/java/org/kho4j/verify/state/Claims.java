package org.kho4j.verify.state;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.OwnerVisitor;

/**
 * The claims of owners on pages. A first walk over the owners finds the pages that are claimed
 * twice, with a bit for each page; a second walk, only if there are such pages, finds their owners'
 * names.
 */
public final class Claims {

  /** Most conflicts that are named; more are counted. */
  private static final int NAMED = 64;

  private final PageSpace space;
  private final PageBits owned;
  private final NavigableMap<Long, List<Where>> owners;
  private final boolean naming;
  private final OwnerVisitor visitor;

  private Claims(
      PageSpace space,
      Arena arena,
      NavigableMap<Long, List<Where>> owners,
      boolean naming,
      OwnerVisitor visitor) {
    this.space = space;
    this.owned = new PageBits(space, arena);
    this.owners = owners;
    this.naming = naming;
    this.visitor = visitor;
  }

  public Claims(PageSpace space, Arena arena, OwnerVisitor visitor) {
    this(space, arena, new TreeMap<>(), false, visitor);
  }

  /** Returns the claims for the second walk, which makes the same claims in the same order. */
  public Claims naming(Arena arena) {
    NavigableMap<Long, List<Where>> wanted = new TreeMap<>();
    owners.keySet().forEach(page -> wanted.put(page, new ArrayList<>()));
    return new Claims(space, arena, wanted, true, OwnerVisitor.NONE);
  }

  public PageBits owned() {
    return owned;
  }

  /** Returns the named pages that are claimed more than once, with their owners. */
  public NavigableMap<Long, List<Where>> conflicts() {
    return owners;
  }

  /** Returns whether this is the second walk. */
  public boolean isNaming() {
    return naming;
  }

  /**
   * Claims memory for a structure.
   *
   * @return whether none of the memory had been claimed before
   */
  public boolean claim(Where where, long address, long bytes) {
    int shift = space.pageSize().shift();
    long page = address >>> shift;
    long count = Math.max(1, ((address + bytes - 1) >>> shift) - page + 1);
    visitor.owns(where, address, bytes);
    long there = owned.add(page, count);
    if (naming) {
      owners
          .subMap(page, page + count)
          .values()
          .forEach(names -> {
            if (names.size() < 2) {
              names.add(where);
            }
          });
    } else if (there >= 0) {
      conflict(there);
    }
    return there < 0;
  }

  /** Returns the visitor of all claims; {@link OwnerVisitor#NONE} on the second walk. */
  public OwnerVisitor visitor() {
    return visitor;
  }

  /** Returns whether a visitor takes every claim, one after the other. */
  public boolean isVisited() {
    return !visitor.equals(OwnerVisitor.NONE);
  }

  /**
   * Passes pages, of 64, that were claimed without {@link #claim} to the visitor.
   *
   * @param word number of the first page, divided by 64
   */
  public void swept(Where where, long word, long pages) {
    int shift = space.pageSize().shift();
    for (long rest = pages; rest != 0; ) {
      int first = Long.numberOfTrailingZeros(rest);
      int count = Long.numberOfTrailingZeros(~(rest >>> first));
      visitor.owns(where, ((word << 6) + first) << shift, (long) count << shift);
      rest &= first + count == 64 ? 0 : -1L << (first + count);
    }
  }

  /** Returns the pages, of the 64 around one page, whose owners are wanted. */
  public long wanted(long page) {
    long mask = 0;
    if (naming) {
      for (long wanted : owners.subMap(page & -64, (page & -64) + 64).keySet()) {
        mask |= 1L << wanted;
      }
    }
    return mask;
  }

  /** Records that a page is claimed a second time. */
  public synchronized void conflict(long page) {
    if (!naming && owners.size() < NAMED) {
      owners.put(page, List.of());
    }
  }
}
