package org.kho4j.handover.luo;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.handover.Client;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.WalkStream;
import org.kho4j.handover.wire.Where;

/**
 * State of the Live Update Orchestrator: sessions, their files, and file-lifecycle-bound data. A
 * kernel writes sessions and files at the jump (kexec); before that there are none.
 */
public final class LiveUpdate {

  public static final Client<LiveUpdate> CLIENT = new Client<>(LuoSer.SUBTREE, LiveUpdate::new);

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

  /** Returns the features that replace a version string, in a version with a feature header. */
  public Optional<FeatureHeader> features() {
    return head.features();
  }

  /** Returns the number of this live update: 1 for the first after a cold boot. */
  public long number() {
    return head.number();
  }

  /**
   * Returns the sessions in order, each read on request.
   *
   * @throws HandoverException if the list is broken; a terminal operation throws it where the list
   *     breaks off, behind the sessions before
   */
  public Stream<Session> sessions() {
    return sessions(LiveUpdate::fail);
  }

  private static void fail(HandoverException problem) {
    throw problem;
  }

  /**
   * Returns the sessions as {@link #sessions()} does, and goes on where the kernel does: a name
   * without a NUL is reported and cut off, as is the name of a file's handler.
   *
   * @param problems takes the reports
   */
  public Stream<Session> sessions(Consumer<HandoverException> problems) {
    handover.requireKnownVersion();
    long[] files = new long[1];
    return WalkStream.of(
        EntryList.entries(
                memory,
                where.in("sessions"),
                version().sessionList(),
                head.sessions(),
                head.session(),
                0)
            .map(entry -> {
              Session session = Session.read(handover, where, head, entry, problems);
              files[0] += session.requirePossibleCount(memory.presentBytes());
              if (files[0] > memory.presentBytes()) {
                throw where.broken(
                    entry.address(), "the sessions have more files than the source has bytes");
              }
              return session;
            }));
  }

  /**
   * Returns the session of a name, if there is one. The kernel cuts off a name without a NUL.
   *
   * @throws HandoverException if the list is broken, or two sessions have the name
   */
  public Optional<Session> session(String name) {
    return sessions(problem -> {})
        .filter(session -> session.name().equals(name))
        .reduce((first, other) -> {
          throw other.ambiguous();
        });
  }

  /**
   * Returns the file-lifecycle-bound data; none in 6.19, which had no FLBs.
   *
   * @throws HandoverException if their page is broken
   */
  public List<Flb> flbs() {
    return flbs(LiveUpdate::fail);
  }

  /**
   * Returns the file-lifecycle-bound data as {@link #flbs()} does; a name without a NUL is reported
   * and cut off.
   *
   * @param problems takes the reports
   */
  public List<Flb> flbs(Consumer<HandoverException> problems) {
    handover.requireKnownVersion();
    Where place = where.in("flbs");
    List<Flb> flbs = new ArrayList<>();
    if (!version().flbs()) {
      return flbs;
    }
    if (head.flbs() == 0) {
      throw place.broken(head.address(), "the address is 0");
    }
    StructureView page = memory.view(place, head.flbs(), LuoFlb.HEADER);
    long count = page.get(LuoFlb.HEADER_COUNT);
    int capacity = LuoFlb.HEADER.capacity(memory.pageSize());
    if (Long.compareUnsigned(count, capacity) > 0) {
      throw place.broken(
          head.flbs(),
          "count is %s, but a page holds %d".formatted(Long.toUnsignedString(count), capacity));
    }
    for (int i = 0; i < count; i++) {
      flbs.add(Flb.read(page.element(i), place.in("flb", i), problems));
    }
    return List.copyOf(flbs);
  }
}
