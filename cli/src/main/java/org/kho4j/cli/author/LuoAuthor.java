package org.kho4j.cli.author;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.author.LuoSpec.FileSpec;
import org.kho4j.cli.author.LuoSpec.MemfdSpec;
import org.kho4j.cli.author.LuoSpec.PlainFile;
import org.kho4j.cli.author.LuoSpec.SessionSpec;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;

/** Writes the state of LUO that a spec describes. */
final class LuoAuthor {

  private static final String PATH = "/" + LuoSer.SUBTREE;
  private static final int SKIPPED_AT_ONCE = 1 << 16;

  /** A block to take. */
  private record Step(int order, Runnable take) {}

  private final LuoSpec spec;
  private final Generation generation;
  private final Layout layout;
  private final IdentityHashMap<MemfdSpec, Folio[]> folios = new IdentityHashMap<>();

  private LuoAuthor(LuoSpec spec, Generation generation, Layout layout) {
    this.spec = spec;
    this.generation = generation;
    this.layout = layout;
  }

  static void write(LuoSpec spec, Generation generation, Layout layout) throws IOException {
    new LuoAuthor(spec, generation, layout).write();
  }

  private void write() throws IOException {
    allocate();
    List<SavedSession> sessions = new ArrayList<>();
    for (SessionSpec session : spec.sessions()) {
      List<SavedFile> files = new ArrayList<>();
      for (FileSpec file : session.files()) {
        files.add(
            switch (file) {
              case PlainFile plain -> new SavedFile(plain.handler(), plain.data(), plain.token());
              case MemfdSpec memfd -> memfd(session, memfd);
            });
      }
      sessions.add(new SavedSession(session.name(), files));
    }
    List<Flb> flbs =
        spec.flbs().stream().map(flb -> new Flb(flb.name(), flb.data(), flb.count())).toList();
    spec.attempt(
        () -> LiveUpdateSaver.save(generation, spec.version(), spec.number(), sessions, flbs));
  }

  /** Allocates large blocks first: scattered folios leave no room for them. */
  private void allocate() {
    List<Step> steps = new ArrayList<>();
    prepare("/sessions", steps);
    for (SessionSpec session : spec.sessions()) {
      if (!session.files().isEmpty()) {
        String path = SavedSession.path(session.name()) + "/files";
        prepare(path.substring(PATH.length()), steps);
      }
      for (FileSpec file : session.files()) {
        if (file instanceof MemfdSpec memfd) {
          folios(session, memfd, steps);
        }
      }
    }
    steps.sort(Comparator.comparingInt(Step::order).reversed());
    steps.forEach(step -> step.take.run());
  }

  /** A list in one block takes its place now; one in blocks of order 0 needs none. */
  private void prepare(String path, List<Step> steps) {
    spec.order(path, generation.pageSize())
        .ifPresent(order -> steps.add(new Step(order, () -> layout.prepare(PATH + path))));
  }

  private void folios(SessionSpec session, MemfdSpec memfd, List<Step> steps) {
    String path = MemfdSaver.path(session.name(), memfd.token());
    Folio[] taken = new Folio[memfd.slots().size()];
    folios.put(memfd, taken);
    for (int i = 0; i < taken.length; i++) {
      int number = i;
      int order = memfd.slots().get(i).order();
      steps.add(
          new Step(
              order,
              () ->
                  taken[number] =
                      memfd.attempt(
                          () -> generation.allocateZeroed(path + "/folio " + number, order))));
    }
  }

  private SavedFile memfd(SessionSpec session, MemfdSpec memfd) throws IOException {
    Folio[] taken = Objects.requireNonNull(folios.get(memfd));
    List<Piece> pieces = new ArrayList<>();
    for (int i = 0; i < taken.length; i++) {
      pieces.add(new Piece(taken[i], memfd.slots().get(i).index(), memfd.flags()));
    }
    try (Fill.Filler filler = memfd.content().open()) {
      MemfdSaver.fill(generation, memfd.size(), pieces, skipping(filler));
    }
    return memfd.attempt(() ->
        MemfdSaver.save(
            generation,
            memfd.version(),
            session.name(),
            memfd.token(),
            new SavedMemfd(memfd.size(), memfd.position(), memfd.seals(), pieces)));
  }

  /** A filler only goes on: what it has for a hole is filled in beside the file. */
  private static MemfdSaver.Source skipping(Fill.Filler filler) {
    long[] next = new long[1];
    MemorySegment aside = MemorySegment.ofArray(new byte[SKIPPED_AT_ONCE]);
    return (offset, target) -> {
      while (next[0] < offset) {
        long length = Math.min(offset - next[0], SKIPPED_AT_ONCE);
        filler.fill(aside.asSlice(0, length));
        next[0] += length;
      }
      filler.fill(target);
      next[0] += target.byteSize();
    };
  }
}
