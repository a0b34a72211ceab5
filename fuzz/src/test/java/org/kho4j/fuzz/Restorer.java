package org.kho4j.fuzz;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.handover.Handover;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Incoming;
import org.kho4j.handover.generation.Incoming.RestoredBlob;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.KhoException;

/** Restores what was handed to a generation, part by part, and preserves each part again. */
final class Restorer {

  private final Generation generation;
  private final Incoming incoming;
  private final Handover handover;

  Restorer(Generation generation) {
    this.generation = generation;
    this.incoming = generation.incoming().orElseThrow();
    this.handover = incoming.handover();
  }

  void restoreAndPreserve() {
    attempt(() -> handover.client(LiveUpdate.CLIENT)).flatMap(luo -> luo).ifPresent(this::sessions);
    attempt(() -> handover.client(ReserveMem.CLIENT))
        .flatMap(all -> all)
        .ifPresent(this::reservations);
    khoTest();
    for (Subtree subtree : handover.subtrees(Restorer::check)) {
      attempt(() -> incoming.restoreBlob(subtree.name())).flatMap(b -> b).ifPresent(this::blob);
    }
    List<Long> unclaimed = new ArrayList<>();
    incoming.forEachUnclaimed((order, address, bytes) -> unclaimed.add(address));
    unclaimed.stream()
        .limit(4)
        .forEach(
            address -> attempt(() -> incoming.restoreFolio(address)).ifPresent(this::preserve));
    incoming.releaseUnclaimed();
  }

  private void sessions(LiveUpdate luo) {
    List<SavedSession> sessions = new ArrayList<>();
    attempt(() -> {
      luo.sessions()
          .forEach(session -> sessions.add(new SavedSession(session.name(), files(session))));
      return true;
    });
    List<Flb> flbs = attempt(luo::flbs).orElse(List.of());
    for (LuoVersion version : List.of(luo.version(), LuoVersion.V5)) {
      attempt(() -> {
        LiveUpdateSaver.save(generation, version, luo.number(), sessions, flbs);
        return true;
      });
    }
  }

  private List<SavedFile> files(Session session) {
    List<SavedFile> files = new ArrayList<>();
    attempt(() -> {
      session
          .files()
          .forEach(file -> {
            Optional<Memfd> memfd = attempt(() -> file.as(Memfd.HANDLER)).flatMap(read -> read);
            memfd
                .flatMap(it -> attempt(() -> memfd(session.name(), file, it)))
                .ifPresent(files::add);
            attempt(() -> incoming.restoreFolio(file.data())).ifPresent(this::preserve);
          });
      return true;
    });
    return files;
  }

  private SavedFile memfd(String session, PreservedFile file, Memfd memfd) {
    List<Piece> pieces = new ArrayList<>();
    attempt(() ->
        memfd.forEachFolio((address, index, flags) ->
            attempt(() -> incoming.restoreFolio(address))
                .ifPresent(folio -> pieces.add(new Piece(folio, index, flags)))));
    attempt(memfd::content);
    attempt(() -> incoming.restore(memfd.foliosInfo().descriptor())).ifPresent(generation::free);
    SavedMemfd saved =
        new SavedMemfd(memfd.size(), memfd.position(), (int) memfd.seals().orElse(0), pieces);
    MemfdVersion version = MemfdVersion.of(file.compatible()).orElseThrow();
    return MemfdSaver.save(generation, version, session, file.token(), saved);
  }

  private void reservations(List<ReserveMem> all) {
    List<ReserveMem> restored = new ArrayList<>();
    for (ReserveMem reservation : all) {
      attempt(
              () -> {
                incoming.restorePages(reservation.start(), reservation.size());
                return reservation;
              })
          .ifPresent(restored::add);
    }
    attempt(() -> {
      ReserveMemSaver.save(generation, restored);
      return true;
    });
  }

  private void khoTest() {
    attempt(() -> KhoTestSaver.restore(generation))
        .ifPresent(folios ->
            attempt(() -> {
              KhoTestSaver.save(generation, folios);
              return true;
            }));
    // Folios and the list of them, where the checksum is wrong.
    attempt(() -> handover.client(KhoTest.CLIENT))
        .flatMap(test -> test)
        .ifPresent(test -> {
          attempt(() -> {
            test.forEachFolio((address, order) ->
                attempt(() -> incoming.restoreFolio(address)).ifPresent(this::preserve));
            return true;
          });
          area(test.foliosInfo().descriptor());
        });
  }

  /** Restores a blob, and the area that it may begin with. */
  private void blob(RestoredBlob blob) {
    attempt(() -> blob.descriptor(0)).ifPresent(this::area);
    preserve(blob.folio());
    attempt(() -> {
      generation.addSubtree("again", blob.address(), blob.bytes().byteSize());
      return true;
    });
  }

  private void area(Descriptor descriptor) {
    attempt(() -> incoming.restore(descriptor))
        .ifPresent(area -> {
          try (Arena arena = Arena.ofConfined()) {
            if (area.map(arena).size() != area.bytes()) {
              throw new AssertionError("another size is mapped");
            }
          }
          attempt(() -> generation.preserve(area))
              .ifPresent(preserved -> preserveAgain(area, preserved));
        });
  }

  private void preserveAgain(OwnedArea area, Descriptor descriptor) {
    attempt(() -> {
      generation.unpreserve(descriptor, area);
      return generation.preserve(area);
    });
  }

  private void preserve(Folio folio) {
    attempt(() -> {
      generation.preserve(folio);
      return true;
    });
  }

  private static <T> Optional<T> attempt(Supplier<T> part) {
    try {
      return Optional.of(part.get());
    } catch (KhoException e) {
      check(e);
      return Optional.empty();
    }
  }

  static void check(KhoException problem) {
    boolean placed = !(problem instanceof HandoverException) || problem.path().startsWith("/");
    if (!placed || problem.getMessage().isBlank()) {
      throw new AssertionError(problem.getMessage(), problem);
    }
  }
}
