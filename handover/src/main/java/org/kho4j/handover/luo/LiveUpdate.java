package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Client;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverMemory;
import org.kho4j.handover.KhoBlocks;
import org.kho4j.handover.PointerField;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.Where;
import org.kho4j.handover.Wire;

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

  private static final PointerField<KhoBlocks.Block> SESSIONS = KhoBlocks.head(LuoSer.SESSIONS_PA);
  private static final PointerField<FlbPage> FLBS =
      new PointerField<>(LuoSer.FLBS_PA, FlbPage::load);

  private final Handover handover;
  private final HandoverMemory memory;
  private final Where where;
  private final MemorySegment ser;
  private final LuoVersion version;

  private LiveUpdate(Handover handover, Subtree subtree) {
    this.handover = handover;
    this.memory = handover.memory();
    this.where = subtree.where();
    int size = LuoSer.STRUCTURE.headerSize();
    if (Long.compareUnsigned(subtree.size(), size) < 0) {
      throw where.broken(
          subtree.address(),
          "the blob has %s bytes, fewer than %d"
              .formatted(Long.toUnsignedString(subtree.size()), size));
    }
    this.ser = memory.structure(where, subtree.address(), LuoSer.STRUCTURE);
    this.version = version(subtree);
  }

  private LuoVersion version(Subtree subtree) {
    if (Fdt.isMagic(ser)) {
      throw where.broken(
          subtree.address(),
          "the blob is a device tree, as in luo-v1 and luo-v2: reading those is not supported yet");
    }
    String compatible = Wire.text(ser, LuoSer.COMPATIBLE, where, subtree.address());
    LuoVersion found =
        LuoVersion.of(compatible)
            .orElseThrow(() ->
                where.broken(
                    subtree.address(),
                    "compatible \"%s\" is none of %s".formatted(compatible, LuoVersion.ALL)));
    if (found.sessions() != LuoVersion.Listing.BLOCKS
        || found.files() != LuoVersion.Listing.BLOCKS) {
      throw where.broken(
          subtree.address(),
          "compatible \"%s\" is known, but reading it is not supported yet".formatted(found));
    }
    return found;
  }

  public LuoVersion version() {
    return version;
  }

  /** Number of this live update: 1 for the first after a cold boot. */
  public long number() {
    return Wire.u64(ser, LuoSer.LIVEUPDATE_NUM);
  }

  /**
   * Visits the sessions in order.
   *
   * @throws org.kho4j.handover.HandoverException where the list is broken; what came before has
   *     been visited
   */
  public void forEachSession(Consumer<Session> visitor) {
    long[] files = new long[1];
    KhoBlocks.forEach(
        memory,
        where.in("sessions"),
        SESSIONS,
        ser,
        LuoSession.STRUCTURE.headerSize(),
        (entry, address) -> {
          Session session = Session.read(handover, where, entry, address);
          files[0] += session.requirePossibleCount(memory.presentBytes());
          if (files[0] > memory.presentBytes()) {
            throw where.broken(address, "the sessions have more files than the source has bytes");
          }
          visitor.accept(session);
        });
  }

  /**
   * The session of a name, if there is one.
   *
   * @throws org.kho4j.handover.HandoverException if the list is broken, or two sessions have the
   *     name
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
   * The file-lifecycle-bound data.
   *
   * @throws org.kho4j.handover.HandoverException if their page is broken
   */
  public List<Flb> flbs() {
    Where place = where.in("flbs");
    FlbPage page = FLBS.load(ser, memory, place);
    List<Flb> flbs = new ArrayList<>();
    if (page == null) {
      return flbs;
    }
    long count = Wire.u64(page.bytes(), LuoFlb.HEADER_COUNT);
    int capacity = LuoFlb.HEADER.capacity(memory.pageSize());
    if (Long.compareUnsigned(count, capacity) > 0) {
      throw place.broken(
          page.address(),
          "count is %s, and a page holds %d".formatted(Long.toUnsignedString(count), capacity));
    }
    int size = LuoFlb.STRUCTURE.headerSize();
    for (int i = 0; i < count; i++) {
      long offset = LuoFlb.HEADER.headerSize() + (long) i * size;
      flbs.add(
          Flb.read(
              page.bytes().asSlice(offset, size), place.in("flb", i), page.address() + offset));
    }
    return List.copyOf(flbs);
  }
}
