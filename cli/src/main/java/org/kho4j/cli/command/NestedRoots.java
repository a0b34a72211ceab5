package org.kho4j.cli.command;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.wire.HandoverException;

/**
 * Root FDTs in the content of memfds: those of warm stores, and of guests whose RAM is a memfd.
 * Their addresses are offsets in the memfd, so they are no handovers of this memory.
 */
final class NestedRoots {

  private final TreeMap<Long, RootFdt> outside = new TreeMap<>();
  private final Map<RootFdt, String> nested = new LinkedHashMap<>();

  private NestedRoots(List<Handover> handovers) {
    handovers.forEach(handover -> outside.put(handover.root().address(), handover.root()));
  }

  /**
   * Finds them. A handover does not contain itself, and one that is nested contains no other.
   *
   * @param handovers of all root FDTs in a memory, each read alone
   * @return the path of the memfd that each nested one is in
   */
  static Map<RootFdt, String> of(List<Handover> handovers) {
    NestedRoots found = new NestedRoots(handovers);
    handovers.stream().filter(Handover::hasMap).forEach(found::search);
    return found.nested;
  }

  private void search(Handover handover) {
    RootFdt own = outside.remove(handover.root().address());
    if (own == null) {
      return;
    }
    try {
      handover
          .client(LiveUpdate.CLIENT)
          .ifPresent(luo ->
              luo.sessions(problem -> {})
                  .forEach(session -> session.files().forEach(this::search)));
    } catch (HandoverException e) {
      // inspect and verify report it
    }
    outside.put(own.address(), own);
  }

  private void search(PreservedFile file) {
    try {
      file.as(Memfd.HANDLER)
          .map(Memfd::content)
          .ifPresent(content ->
              content.forEachPiece((offset, address, bytes) -> take(file, address, bytes)));
    } catch (HandoverException e) {
      // inspect and verify report it
    }
  }

  private void take(PreservedFile file, long address, long bytes) {
    Collection<RootFdt> inside = outside.subMap(address, address + bytes).values();
    inside.forEach(root -> nested.put(root, file.where().toString()));
    inside.clear();
  }
}
