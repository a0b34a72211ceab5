package org.kho4j.verify;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.OwnerVisitor;
import org.kho4j.verify.state.PageSpace;

/**
 * The first owner of each page of RAM: four bytes a page, off-heap, where memory is claimed. Claims
 * on memory beside RAM are left out.
 */
final class PageOwners implements OwnerVisitor {

  private static final ValueLayout.OfInt ENTRY = ValueLayout.JAVA_INT;
  private static final int SHARED = 1 << 31;
  private static final int CHUNK_PAGES = 1 << PageSpace.CHUNK_SHIFT;

  private final PageSpace space;
  private final Arena arena;
  private final @Nullable MemorySegment[] chunks;
  private final List<PreservedRange.Owner> owners = new ArrayList<>();
  private final IdentityHashMap<Where, Integer> numbers = new IdentityHashMap<>();
  private long budget;

  /** Creates an empty table. Owners can claim four times as many pages as there are. */
  PageOwners(PageSpace space, Arena arena) {
    this.space = space;
    this.arena = arena;
    this.chunks = new @Nullable MemorySegment[space.chunks()];
    this.budget = 4L * space.chunks() * CHUNK_PAGES;
  }

  /** Returns whether every claim was recorded. */
  boolean isComplete() {
    return budget >= 0;
  }

  @Override
  public void owns(Where where, long address, long bytes) {
    if (address < 0 || bytes <= 0 || address + bytes < 0) {
      return;
    }
    int number = number(where);
    int shift = space.pageSize().shift();
    long end = Math.min(((address + bytes - 1) >>> shift) + 1, space.endPage());
    for (long page = address >>> shift; page < end && budget >= 0; page++) {
      long index = space.number(page);
      if (index < 0) {
        page |= CHUNK_PAGES - 1;
        continue;
      }
      budget--;
      MemorySegment chunk = chunk((int) (index >>> PageSpace.CHUNK_SHIFT));
      long at = index & (CHUNK_PAGES - 1);
      int there = chunk.getAtIndex(ENTRY, at);
      chunk.setAtIndex(ENTRY, at, there == 0 ? number : there | SHARED);
    }
  }

  private MemorySegment chunk(int index) {
    MemorySegment chunk = chunks[index];
    if (chunk == null) {
      chunk = arena.allocate(ENTRY, CHUNK_PAGES);
      chunks[index] = chunk;
    }
    return chunk;
  }

  /** Returns the number of an owner, from 1 on. */
  private int number(Where where) {
    OwnerKind kind = OwnerKind.of(where);
    Where owner = kind.owner(where);
    boolean claimsOften = !owner.equals(where);
    Integer known = claimsOften ? numbers.get(owner) : null;
    if (known != null) {
      return known;
    }
    owners.add(new PreservedRange.Owner(kind, owner));
    if (claimsOften) {
      numbers.put(owner, owners.size());
    }
    return owners.size();
  }

  /** Splits a run into parts with one owner each. */
  void split(long address, long bytes, PartVisitor visitor) {
    int shift = space.pageSize().shift();
    long end = (address + bytes) >>> shift;
    long from = address >>> shift;
    int owner = 0;
    for (long page = from; page < end; ) {
      long index = space.number(page);
      int next = index < 0 ? 0 : entry(index);
      if (next != owner && page > from) {
        part(visitor, owner, from, page);
        from = page;
      }
      owner = next;
      page = index >= 0 ? page + 1 : page >= space.endPage() ? end : (page | (CHUNK_PAGES - 1)) + 1;
    }
    part(visitor, owner, from, end);
  }

  private int entry(long index) {
    MemorySegment chunk = chunks[(int) (index >>> PageSpace.CHUNK_SHIFT)];
    return chunk == null ? 0 : chunk.getAtIndex(ENTRY, index & (CHUNK_PAGES - 1));
  }

  private void part(PartVisitor visitor, int entry, long from, long end) {
    int shift = space.pageSize().shift();
    int number = entry & ~SHARED;
    visitor.part(
        from << shift,
        (end - from) << shift,
        number == 0 ? null : owners.get(number - 1),
        entry < 0);
  }

  /** Takes a part of a run. */
  @FunctionalInterface
  interface PartVisitor {
    void part(long address, long bytes, PreservedRange.@Nullable Owner owner, boolean shared);
  }
}
