package org.kho4j.handover.luo;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.handover.Client;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * State of the Live Update Orchestrator: sessions, their files, and file-lifecycle-bound data. A
 * kernel writes sessions and files on its way into the kexec; before that there are none.
 */
public final class LiveUpdate {

  public static final Client<LiveUpdate> CLIENT =
      new Client<>() {
        @Override
        public String subtree() {
          return LuoSer.SUBTREE;
        }

        @Override
        public LiveUpdate read(Handover handover, Subtree subtree) {
          return new LiveUpdate(handover, subtree);
        }
      };

  private final Handover handover;
  private final HandoverMemory memory;
  private final Where where;
  private final LuoHead head;

  private LiveUpdate(Handover handover, Subtree subtree) {
    this.handover = handover;
    this.memory = handover.memory();
    this.where = subtree.where();
    this.head = LuoHead.read(memory, subtree);
  }

  public LuoVersion version() {
    return head.version();
  }

  /** Number of this live update: 1 for the first after a cold boot. */
  public long number() {
    return head.number();
  }

  /**
   * Visits the sessions in order.
   *
   * @throws org.kho4j.handover.wire.HandoverException where the list is broken; what came before
   *     has been visited
   */
  public void forEachSession(Consumer<Session> visitor) {
    long[] files = new long[1];
    EntryList.forEach(
        memory,
        where.in("sessions"),
        version().sessionList(),
        head.sessions(),
        head.session(),
        0,
        entry -> {
          Session session = Session.read(handover, where, head, entry);
          files[0] += session.requirePossibleCount(memory.presentBytes());
          if (files[0] > memory.presentBytes()) {
            throw where.broken(
                entry.address(), "the sessions have more files than the source has bytes");
          }
          visitor.accept(session);
        });
  }

  /**
   * The session of a name, if there is one.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the list is broken, or two sessions have
   *     the name
   */
  public Optional<Session> session(String name) {
    List<Session> found = new ArrayList<>();
    forEachSession(session -> {
      if (session.name().equals(name)) {
        if (!found.isEmpty()) {
          throw session.where().broken(session.address(), "another session has this name too");
        }
        found.add(session);
      }
    });
    return found.stream().findFirst();
  }

  /**
   * The file-lifecycle-bound data; none in 6.19, which had no such thing.
   *
   * @throws org.kho4j.handover.wire.HandoverException if their page is broken
   */
  public List<Flb> flbs() {
    Where place = where.in("flbs");
    List<Flb> flbs = new ArrayList<>();
    if (head.flbs() == 0) {
      return flbs;
    }
    StructureView page = memory.view(place, head.flbs(), LuoFlb.HEADER);
    long count = page.get(LuoFlb.HEADER_COUNT);
    int capacity = LuoFlb.HEADER.capacity(memory.pageSize());
    if (Long.compareUnsigned(count, capacity) > 0) {
      throw place.broken(
          head.flbs(),
          "count is %s, and a page holds %d".formatted(Long.toUnsignedString(count), capacity));
    }
    for (int i = 0; i < count; i++) {
      flbs.add(Flb.read(page.element(i), place.in("flb", i)));
    }
    return List.copyOf(flbs);
  }
}
