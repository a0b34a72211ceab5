package org.kho4j.cli.inspect;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Problems;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.OrderCounts;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.memory.MemorySource;
import org.kho4j.verify.PreservedRange;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.systemd.FdStoreMapping;

/**
 * How an inspection is shown. An {@link Inspection} calls the methods in the order of the handover,
 * each {@code begin} with its {@code end}, so that nothing has to be kept: a handover may list
 * millions of files. What could not be read is null, and told as an error at the end.
 */
public interface View {

  /**
   * A vmalloc area that was read.
   *
   * @param area the area
   * @param chunks pages that list it, or null if the list is broken
   */
  record WalkedArea(PreservedArea area, @Nullable Integer chunks) {}

  /**
   * The folios of a memfd.
   *
   * @param orders how many there are of each order
   * @param absentBytes of the content that a dump left out
   */
  record Folios(OrderCounts orders, long absentBytes) {}

  /** The sentence about a map of which a dump left out pages. */
  String PARTLY_ABSENT = "the rest is not in the dump";

  /** Returns the sentence about a map that was not walked. */
  static String unwalked(Handover handover) {
    if (handover.mapState() == Handover.MapState.ABSENT) {
      return "not in the dump";
    }
    if (handover.mapState() == Handover.MapState.NEWER) {
      return "not decoded";
    }
    return handover.taken().isPresent() ? "consumed" : "cannot be read";
  }

  void begin(MemorySource source, int pageSize) throws IOException;

  void beginHandover(Handover handover) throws IOException;

  /** The preserved map: null where the root FDT points at none, and counted only if intact. */
  void map(Handover handover, @Nullable PreservedMap map, @Nullable MapSummary summary)
      throws IOException;

  /** The memory that scratch takes, where the regions are known. */
  void scratch(Scratch scratch) throws IOException;

  void beginSubtrees(List<Subtree> subtrees) throws IOException;

  /** Shows a subtree that is unknown, or that could not be decoded. */
  void blob(Subtree subtree) throws IOException;

  void metadata(Subtree subtree, Metadata metadata) throws IOException;

  void memblock(Subtree subtree, List<ReserveMem> reservations) throws IOException;

  void khoTest(Subtree subtree, KhoTest test, WalkedArea foliosInfo, KhoTest.@Nullable Data data)
      throws IOException;

  void beginLiveUpdate(Subtree subtree, LiveUpdate luo) throws IOException;

  /** A session; {@code systemd} has the names of its files, if it is systemd's. */
  void beginSession(Session session, @Nullable FdStoreMapping systemd) throws IOException;

  /**
   * A file whose handler no release has, or whose data could not be decoded.
   *
   * @param state by the layout of a development tree, where one is known
   */
  void file(PreservedFile file, @Nullable DevelopmentState state) throws IOException;

  /** A memfd; {@code folios} are null without a map that says how large they are. */
  void memfd(PreservedFile file, Memfd memfd, WalkedArea foliosInfo, @Nullable Folios folios)
      throws IOException;

  void endSession() throws IOException;

  void endSessions() throws IOException;

  /**
   * The FLBs.
   *
   * @param states by the layouts of development trees, where one is known; by the FLBs' names
   * @param complete whether all sessions, files and FLBs were read
   */
  void flbs(@Nullable List<Flb> flbs, Map<String, DevelopmentState> states, boolean complete)
      throws IOException;

  void endLiveUpdate() throws IOException;

  void endSubtrees() throws IOException;

  /** Preserved memory by its owners follows; called if it was asked for. */
  default void beginRanges() throws IOException {}

  default void range(PreservedRange range) throws IOException {}

  default void endRanges() throws IOException {}

  void errors(Problems errors) throws IOException;

  /** Parts that could not be read because a dump left them out; called if there are any. */
  void absent(Problems absent) throws IOException;

  /** Parts of a newer contract than the one known here; called if there are any. */
  void newer(Problems newer) throws IOException;

  void endHandover() throws IOException;

  void end() throws IOException;
}
