package org.kho4j.cli.inspect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.output.Problems;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.PreservedRanges;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreReader;

/**
 * Reads all of one handover and shows it. A part that is broken becomes an error, and the rest is
 * still read.
 */
public final class Inspection {

  private static final String MAP = Where.ROOT.in(KhoVersion.MAP_PROPERTY).toString();

  private final Handover handover;
  private final Verifier.Options options;
  private final boolean ranges;
  private final View view;
  private final Problems errors = new Problems();
  private final Problems absent = new Problems();
  private final Problems newer = new Problems();
  private @Nullable PreservedMap map;
  private long listedBytes;

  private Inspection(Handover handover, Verifier.Options options, boolean ranges, View view) {
    this.handover = handover;
    this.options = options;
    this.ranges = ranges;
    this.view = view;
  }

  /**
   * Shows a handover.
   *
   * @param options where scratch is
   * @return whether anything in it could be read
   */
  public static boolean show(Handover handover, Verifier.Options options, View view)
      throws IOException {
    return show(handover, options, false, view);
  }

  /**
   * Shows a handover.
   *
   * @param options where scratch is
   * @param ranges whether to show preserved memory by its owners
   * @return whether anything in it could be read
   */
  static boolean show(Handover handover, Verifier.Options options, boolean ranges, View view)
      throws IOException {
    return new Inspection(handover, options, ranges, view).show();
  }

  private boolean show() throws IOException {
    view.beginHandover(handover);
    boolean readable = read(handover::version) != null || handover.isNewer();
    if (readable) {
      map();
      scratch();
      List<Subtree> subtrees = handover.subtrees(this::error);
      view.beginSubtrees(subtrees);
      for (Subtree subtree : subtrees) {
        subtree(subtree);
      }
      view.endSubtrees();
      if (ranges && map != null) {
        ranges();
      }
    }
    view.errors(errors);
    if (!absent.isEmpty()) {
      view.absent(absent);
    }
    if (!newer.isEmpty()) {
      view.newer(newer);
    }
    view.endHandover();
    return readable;
  }

  private void map() throws IOException {
    PreservedMap found = pointed();
    long address = found == null ? handover.root().address() : found.root();
    if (handover.hasMap()) {
      map = found;
      MapSummary summary = handover.mapSummary();
      summary.problems().forEach(this::error);
      view.map(handover, found, summary);
      return;
    }
    switch (handover.mapState()) {
      case CONSUMED ->
          error(
              new HandoverException(
                  MAP,
                  address,
                  "a kernel has read the map and reused its pages: "
                      + handover.taken().orElse("")));
      case UNREADABLE -> handover.mapProblem().ifPresent(this::error);
      case ABSENT ->
          read(() -> handover.preservedMap().lookup().isPreserved(handover.root().address(), 0));
      case INTACT, DAMAGED, NOT_FINALIZED, NEWER -> {}
    }
    view.map(handover, found, null);
  }

  private void ranges() throws IOException {
    MapSummary summary = handover.mapSummary();
    if (!summary.problems().isEmpty()) {
      HandoverException notListed =
          Where.ROOT.broken(
              handover.root().address(),
              "the owners of preserved memory are not listed: "
                  + (summary.fault().isPresent()
                      ? "the map is broken"
                      : "parts of the map are not in the dump"));
      notListed.initCause(summary.fault().orElse(summary.problems().getFirst()).getCause());
      error(notListed);
      return;
    }
    view.beginRanges();
    boolean complete =
        Boolean.TRUE.equals(
            read(() ->
                PreservedRanges.visit(
                    handover,
                    options,
                    range -> {
                      try {
                        view.range(range);
                      } catch (IOException e) {
                        throw new UncheckedIOException(e);
                      }
                    })));
    view.endRanges();
    if (!complete) {
      error(
          Where.ROOT.broken(
              handover.root().address(),
              "the owners of preserved memory are incomplete: they claim more memory than there"
                  + " is"));
    }
  }

  private void scratch() throws IOException {
    if (handover.taken().isEmpty() && !handover.isNewer()) {
      Optional<Scratch> scratch = Scratch.of(handover, options);
      if (scratch.isPresent()) {
        view.scratch(scratch.get());
      }
    }
    ScratchOptions.problem(handover, options).ifPresent(this::error);
  }

  /** The map that the root FDT points at; null if there is none. */
  private @Nullable PreservedMap pointed() {
    try {
      return handover.preservedMap();
    } catch (HandoverException e) {
      return null;
    }
  }

  private void subtree(Subtree subtree) throws IOException {
    boolean possible =
        read(() -> {
          subtree.requirePossible(handover.memory());
          return true;
        })
            != null;
    if (!possible || (handover.isNewer() && !hasOwnLayout(subtree))) {
      view.blob(subtree);
      return;
    }
    switch (subtree.name()) {
      case KexecMetadata.SUBTREE -> {
        Metadata metadata = read(() -> Metadata.CLIENT.read(handover, subtree));
        if (metadata != null) {
          view.metadata(subtree, metadata);
          return;
        }
      }
      case FdtLayout.MEMBLOCK_SUBTREE -> {
        List<ReserveMem> reservations =
            read(() -> ReserveMem.readAll(handover, subtree, this::error));
        if (reservations != null) {
          view.memblock(subtree, reservations);
          return;
        }
      }
      case FdtLayout.KHO_TEST_SUBTREE -> {
        KhoTest test = read(() -> KhoTest.CLIENT.read(handover, subtree));
        if (test != null) {
          view.khoTest(subtree, test, area(test.foliosInfo()), read(test::data));
          return;
        }
      }
      case LuoSer.SUBTREE -> {
        LiveUpdate luo = read(() -> luo(subtree));
        if (luo != null) {
          liveUpdate(subtree, luo);
          return;
        }
      }
      default ->
          read(() ->
              subtree.content(handover.memory()).absentBytes() == 0
                  ? null
                  : handover.memory().bytes(subtree.where(), subtree.address(), subtree.size()));
    }
    view.blob(subtree);
  }

  /**
   * Returns whether nothing in the blob is laid out by the version of the root, as vmalloc areas
   * are.
   */
  private static boolean hasOwnLayout(Subtree subtree) {
    return subtree.name().equals(KexecMetadata.SUBTREE)
        || subtree.name().equals(FdtLayout.MEMBLOCK_SUBTREE);
  }

  private LiveUpdate luo(Subtree subtree) {
    try {
      return LiveUpdate.CLIENT.read(handover, subtree);
    } catch (HandoverException e) {
      if (handover.taken().isEmpty() || e.isAbsent() || e.isNewer()) {
        throw e;
      }
      throw new HandoverException(
          e.path(),
          e.address(),
          "a kernel frees this page after reading it, and now " + e.problem());
    }
  }

  private void liveUpdate(Subtree subtree, LiveUpdate luo) throws IOException {
    long before = problems();
    view.beginLiveUpdate(subtree, luo);
    read(() -> {
      luo.sessions(this::error).forEach(this::session);
      return true;
    });
    view.endSessions();
    List<Flb> flbs = read(() -> luo.flbs(this::error));
    Map<String, DevelopmentState> states = new HashMap<>();
    for (int i = 0; flbs != null && i < flbs.size(); i++) {
      Flb flb = flbs.get(i);
      Where where = subtree.where().in("flbs").in("flb", i).named("flb", flb.name());
      DevelopmentLayout.ofFlb(flb.name())
          .map(layout -> state(where, layout, flb.data()))
          .ifPresent(state -> states.put(flb.name(), state));
    }
    view.flbs(flbs, states, problems() == before);
    view.endLiveUpdate();
  }

  /** The state of a client in development. What does not fit its layout is newer, and no error. */
  private @Nullable DevelopmentState state(Where where, DevelopmentLayout layout, long address) {
    return read(() -> {
      try {
        return DevelopmentState.read(handover.memory(), where, layout, address);
      } catch (HandoverException e) {
        if (e.isNewer() || e.isAbsent()) {
          throw e;
        }
        throw where.newer(
            address, layout + " with another layout than the known one: " + e.problem());
      }
    });
  }

  private void session(Session session) {
    try {
      FdStoreMapping mapping =
          FdStoreMapping.isIn(session) ? read(() -> FdStoreReader.read(session)) : null;
      if (mapping != null) {
        mapping.skipped().forEach(this::error);
        errors.addMore(mapping.moreSkipped());
      }
      view.beginSession(session, mapping);
      read(() -> {
        session.files().forEach(this::file);
        return true;
      });
      view.endSession();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void file(PreservedFile file) {
    try {
      Memfd memfd = read(() -> Memfd.of(file).orElse(null));
      if (memfd == null) {
        view.file(
            file,
            DevelopmentLayout.ofFileHandler(file.compatible())
                .map(layout -> state(file.where(), layout, file.data()))
                .orElse(null));
        return;
      }
      // Files that share a list of folios could make a small source take for ever to read.
      long list = memfd.foliosInfo().bytes();
      if (list > handover.memory().presentBytes() - listedBytes) {
        if (read(() -> memfd.foliosInfo().chunks().findFirst()) != null) {
          error(
              file.where()
                  .broken(
                      file.data(),
                      "its folio list of %,d bytes%s is larger than the memory of the source"
                          .formatted(
                              list, listedBytes == 0 ? "" : ", with those of other files,")));
        }
        view.memfd(file, memfd, new View.WalkedArea(memfd.foliosInfo(), null), null);
        return;
      }
      listedBytes += list;
      View.WalkedArea area = area(memfd.foliosInfo());
      PreservedMap intact = map;
      view.memfd(
          file,
          memfd,
          area,
          area.chunks() == null || intact == null ? null : read(() -> folios(memfd, intact)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private View.Folios folios(Memfd memfd, PreservedMap intact) {
    return new View.Folios(memfd.orders(intact), memfd.content().absentBytes());
  }

  private View.WalkedArea area(PreservedArea area) {
    return new View.WalkedArea(area, read(() -> area.forEachRun((order, address, bytes) -> {})));
  }

  private interface Read<T> {
    @Nullable T get();
  }

  private <T> @Nullable T read(Read<T> part) {
    try {
      return part.get();
    } catch (HandoverException e) {
      error(e);
      return null;
    }
  }

  private long problems() {
    return errors.count() + absent.count() + newer.count();
  }

  private void error(HandoverException error) {
    if (error.isNewer()) {
      newer.add(error);
    } else if (error.isAbsent()) {
      absent.add(error);
    } else {
      errors.add(error);
    }
  }
}
