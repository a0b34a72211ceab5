package org.kho4j.handover.generation;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.kho4j.handover.Handover;
import org.kho4j.handover.pages.PageStateException;
import org.kho4j.handover.root.Subtree;

/**
 * What an operation that fails must leave as it was: the preserved blocks, the map's pages, the
 * root FDT's whole page, which pages are taken, and what the taken ones hold. What free pages hold
 * is nobody's.
 *
 * @param blocks order by address
 * @param mapPages addresses of the map's pages; none, like the blocks, of a map that is finalized
 *     later
 * @param contents by address of the page
 */
record State(
    Map<Long, Integer> blocks,
    TreeSet<Long> mapPages,
    List<Subtree> subtrees,
    long freePages,
    BitSet taken,
    Map<Long, Integer> contents) {

  static State of(Generation generation) {
    Handover handover = generation.outgoing();
    BitSet taken = taken(generation);
    Map<Long, Integer> contents = new TreeMap<>();
    long pageBytes = generation.pageSize().bytes();
    taken.stream()
        .mapToLong(page -> generation.memory().base() + page * pageBytes)
        .forEach(address ->
            contents.put(
                address,
                Arrays.hashCode(
                    generation
                        .memory()
                        .read(address, pageBytes)
                        .toArray(ValueLayout.JAVA_LONG_UNALIGNED))));
    return new State(
        blocks(handover),
        mapPages(handover),
        handover.subtrees(problem -> {
          throw problem;
        }),
        generation.freePages(),
        taken,
        contents);
  }

  static Map<Long, Integer> blocks(Handover handover) {
    Map<Long, Integer> blocks = new TreeMap<>();
    if (!handover.hasMap()) {
      return blocks;
    }
    handover
        .preservedMap()
        .forEachRun((order, address, bytes) -> {
          for (long at = 0; at < bytes; at += handover.pageSize().blockBytes(order)) {
            blocks.put(address + at, order);
          }
        });
    return blocks;
  }

  static TreeSet<Long> mapPages(Handover handover) {
    TreeSet<Long> pages = new TreeSet<>();
    if (handover.hasMap()) {
      handover.preservedMap().forEachPage(pages::add);
    }
    return pages;
  }

  /** Pages that cannot be taken: the allocator is asked for each of them. */
  static BitSet taken(Generation generation) {
    BitSet taken = new BitSet();
    long pageBytes = generation.pageSize().bytes();
    long pages = generation.memory().size() / pageBytes;
    for (int page = 0; page < pages; page++) {
      try {
        generation.free(generation.allocateAt(generation.memory().base() + page * pageBytes, 0));
      } catch (PageStateException e) {
        taken.set(page);
      }
    }
    return taken;
  }
}
