package org.kho4j.cli.convert;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.convert.LuoPlan.PlannedLuo;
import org.kho4j.cli.convert.LuoPlan.PlannedSession;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Placement;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;

/**
 * Writes a handover in another version's form. What stays is copied to where it was; everything
 * else is written into memory that nothing else uses.
 */
final class Conversion {

  private static final int STRETCH_BYTES = 1 << 20;
  private static final Where FLBS = Where.ROOT.in(LuoSer.SUBTREE).in("flbs");

  private final Handover source;
  private final Target target;
  private final Plan plan;
  private final Room room;
  private final WritableMemory memory;
  private final Generation generation;
  private long firstAbsent = -1;

  private Conversion(Handover source, Target target, Plan plan, Room room, WritableMemory memory) {
    this.source = source;
    this.target = target;
    this.plan = plan;
    this.room = room;
    this.memory = memory;
    this.generation = generation();
  }

  /**
   * Writes it.
   *
   * @param memory that is all zeros
   * @param progress told how many more bytes were copied
   * @return the boot data that the next kernel needs
   */
  static BootData write(
      Handover source,
      Target target,
      Plan plan,
      Room room,
      WritableMemory memory,
      LongConsumer progress) {
    return new Conversion(source, target, plan, room, memory).write(progress);
  }

  private BootData write(LongConsumer progress) {
    // All that stays is taken before the map grows.
    plan.kept().runs().forEach(run -> own(generation, run.address(), run.bytes()));
    long absent = 0;
    for (KeptBlocks.Run run : plan.kept().runs()) {
      preserve(run);
      absent += copy(run, progress);
    }
    if (absent > 0) {
      plan.leftOut()
          .add(
              new LeftOut(
                  "/preserved-memory-map",
                  "%,d of the %,d preserved bytes are not in the image, the first at 0x%x: they"
                          .formatted(absent, plan.kept().bytes(), firstAbsent)
                      + " become zeros"));
    }
    if (!plan.reservations().isEmpty()) {
      ReserveMemSaver.saveBlob(generation, plan.reservations());
    }
    // The last one that is added comes first.
    for (Subtree subtree : plan.subtrees().reversed()) {
      generation.addSubtree(subtree.name(), subtree.address(), subtree.size());
    }
    plan.luo().ifPresent(this::luo);
    if (plan.metadata().isEmpty() && target.kho().has(KhoFeature.METADATA)) {
      removeMetadata();
    }
    return generation.handOver();
  }

  /**
   * A generation that owns nothing but its first structures. Only these are made before it knows
   * what is taken, so {@link Room} chooses their places.
   */
  private Generation generation() {
    PageSize pageSize = source.pageSize();
    PageAllocator first = new PageAllocator(pageSize, room.free());
    boolean[] begun = {false};
    Placement placement =
        path -> begun[0] ? OptionalLong.empty() : OptionalLong.of(first.allocate(0));
    Setup setup =
        Setup.of(
                pageSize, room.scratch(), plan.metadata().map(Metadata::previousRelease).orElse(""))
            .withLayout(target.kho())
            .withPlacement(placement)
            .withKexecCount(plan.metadata().map(Metadata::kexecCount).orElse(1L));
    Generation begins = Generation.first(memory, setup);
    begun[0] = true;
    room.avoided().forEach(range -> own(begins, range.address(), range.length()));
    return begins;
  }

  private void preserve(KeptBlocks.Run run) {
    long blockBytes = source.pageSize().blockBytes(run.order());
    for (long at = run.address(); at < run.end(); at += blockBytes) {
      generation.preserve(new Folio(at, run.order()));
    }
  }

  private static void own(Generation generation, long address, long bytes) {
    int shift = generation.pageSize().shift();
    // A generation takes the page at 0 by itself.
    for (long at = Math.max(address, generation.pageSize().bytes()); at < address + bytes; ) {
      int aligned = Long.numberOfTrailingZeros(at) - shift;
      int fits = Long.SIZE - 1 - Long.numberOfLeadingZeros(address + bytes - at) - shift;
      int order = Math.min(PageAllocator.MAX_ORDER, Math.min(aligned, fits));
      generation.allocateAt(at, order);
      at += generation.pageSize().blockBytes(order);
    }
  }

  /** Copies a run; returns the bytes of it that are not there. */
  private long copy(KeptBlocks.Run run, LongConsumer progress) {
    PhysicalMemory from = source.memory().physical();
    long absent = 0;
    int pageBytes = source.pageSize().bytes();
    for (long at = run.address(); at < run.end(); at += STRETCH_BYTES) {
      long length = Math.min(STRETCH_BYTES, run.end() - at);
      try {
        put(at, from.read(at, length));
      } catch (MemoryReadException e) {
        absent += copyPages(from, at, length, pageBytes);
      }
      progress.accept(length);
    }
    return absent;
  }

  /** Page by page; returns the bytes that are not there. */
  private long copyPages(PhysicalMemory from, long address, long length, int pageBytes) {
    long absent = 0;
    for (long at = address; at < address + length; at += pageBytes) {
      try {
        put(at, from.read(at, pageBytes));
      } catch (MemoryReadException e) {
        firstAbsent = firstAbsent < 0 ? at : firstAbsent;
        absent += pageBytes;
      }
    }
    return absent;
  }

  /** Writes what is not zero, so that the file stays sparse. */
  private void put(long address, MemorySegment bytes) {
    int pageBytes = source.pageSize().bytes();
    MemorySegment zeros = MemorySegment.ofArray(new byte[pageBytes]);
    for (long at = 0; at < bytes.byteSize(); at += pageBytes) {
      MemorySegment page = bytes.asSlice(at, pageBytes);
      if (page.mismatch(zeros) >= 0) {
        memory.writable(address + at, pageBytes).copyFrom(page);
      }
    }
  }

  private void luo(PlannedLuo luo) {
    List<SavedSession> sessions = new ArrayList<>();
    for (PlannedSession planned : luo.sessions()) {
      List<SavedFile> files = new ArrayList<>();
      for (PreservedFile file : planned.files()) {
        files.add(
            plan.isRewritten(file)
                ? memfd(file)
                : new SavedFile(name(file.where(), file.compatible()), file.data(), file.token()));
      }
      sessions.add(
          new SavedSession(name(planned.session().where(), planned.session().name()), files));
    }
    luo.flbs().forEach(flb -> name(FLBS, flb.name()));
    LiveUpdateSaver.save(
        generation,
        Objects.requireNonNull(target.luo(), "a target with LUO"),
        luo.number(),
        sessions,
        luo.flbs());
  }

  /** Returns a name of LUO's state. Bytes of it that are not UTF-8 were read as U+FFFD. */
  private String name(Where part, String name) {
    if (name.indexOf('\uFFFD') >= 0) {
      plan.leftOut()
          .add(
              new LeftOut(
                  part.toString(),
                  "bytes of the name \"%s\" that are not UTF-8: they become U+FFFD"
                      .formatted(name)));
    }
    return name;
  }

  /** A memfd's structure with the fields that both versions have. Its folios stay listed. */
  private SavedFile memfd(PreservedFile file) {
    MemfdVersion from = MemfdVersion.of(file.compatible()).orElseThrow();
    MemfdVersion version = Objects.requireNonNull(target.memfd(), "a target with memfds");
    StructureView old =
        Memfd.body(
            from, file.where(), source.memory().view(file.where(), file.data(), from.structure()));
    Folio page = generation.allocateZeroed(file.where().toString(), 0);
    generation.preserve(page);
    StructureView written = generation.view(page, version.structure());
    written.set(MemfdSer.POS, old.get(MemfdSer.POS));
    written.set(MemfdSer.SIZE, old.get(MemfdSer.SIZE));
    if (from.fields().has(MemfdSer.SEALS) && version.fields().has(MemfdSer.SEALS)) {
      written.set(MemfdSer.SEALS, old.get(MemfdSer.SEALS));
    }
    written.set(version.nrFolios(), old.get(from.nrFolios()));
    Descriptor.of(old.embedded(from.folios())).writeTo(written.embedded(version.folios()));
    return new SavedFile(version.compatible(), page.address(), file.token());
  }

  /** A generation writes what its kernel would; the source's kernel wrote none. */
  private void removeMetadata() {
    Subtree subtree = generation.outgoing().subtree(KexecMetadata.SUBTREE).orElseThrow();
    Folio folio = new Folio(subtree.address(), 0);
    generation.removeSubtree(subtree.name());
    generation.unpreserve(folio);
    generation.segment(folio).fill((byte) 0);
    generation.free(folio);
  }
}
