package org.kho4j.handover;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover.MapState;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.memory.PhysicalMemory;

/** Finds handovers in physical memory. */
public final class Handovers {

  /** Replaces a kexec count that does not exist or cannot be read. */
  private static final long NO_COUNT = -1;

  /** Replaces a kexec count that a dump left out. */
  private static final long ABSENT_COUNT = -2;

  private Handovers() {}

  /**
   * Finds every handover, with the page size that the source records or the handovers show. The
   * memory of a running kernel also has the handover that the kernel was given: {@link
   * Handover#taken} says so, and the map of that handover cannot be read.
   */
  public static List<Handover> find(PhysicalMemory memory) {
    return of(memory, RootSearch.search(memory, bytes -> {}).roots(), null);
  }

  /**
   * Returns the handovers of the roots that a {@link RootSearch} found. The roots are passed
   * together, because the role of each follows from the others.
   *
   * @param pageSize of the kernel that wrote them, or null to find out
   */
  public static List<Handover> of(
      PhysicalMemory memory, List<RootFdt> roots, @Nullable PageSize pageSize) {
    return of(memory, roots, pageSize, null);
  }

  /**
   * Returns the handovers of roots, as {@link #of(PhysicalMemory, List, PageSize)}.
   *
   * @param mapForm form of the preserved map, for a version with several forms, or null to find out
   */
  public static List<Handover> of(
      PhysicalMemory memory,
      List<RootFdt> roots,
      @Nullable PageSize pageSize,
      @Nullable MapForm mapForm) {
    PageSizeEvidence evidence = PageSizeSearch.of(memory, roots, pageSize, mapForm);
    HandoverMemory pages = new HandoverMemory(memory, evidence.size());
    List<Candidate> candidates =
        withoutCopies(roots.stream().map(root -> Candidate.of(pages, root, mapForm)).toList());
    if (candidates.stream().anyMatch(candidate -> candidate.kexecCount == ABSENT_COUNT)) {
      // With one count missing, the others do not show which count is the highest.
      candidates = candidates.stream().map(Candidate::withoutCount).toList();
    }
    Candidate outgoing = outgoing(candidates);
    return candidates.stream().map(candidate -> candidate.handover(outgoing, evidence)).toList();
  }

  /**
   * Leaves out copies of a root FDT: a process that reads it from debugfs has such a copy. The map
   * preserves only the page of the original.
   */
  private static List<Candidate> withoutCopies(List<Candidate> candidates) {
    Set<ByteBuffer> originals =
        candidates.stream()
            .filter(Candidate::rootPreserved)
            .map(Candidate::bytes)
            .collect(Collectors.toSet());
    return candidates.stream()
        .filter(one -> one.rootPage != RootPage.NOT_PRESERVED || !originals.contains(one.bytes()))
        .toList();
  }

  /**
   * Returns the handover that is prepared for the next kernel, or null. A kernel writes a count
   * that is one more than the count of the handover it received. Where no count decides, the map
   * does: a kernel frees the nodes of the map it received, and keeps those of the map it writes, or
   * writes that map later.
   */
  private static @Nullable Candidate outgoing(List<Candidate> candidates) {
    Candidate outgoing = null;
    List<Candidate> absent = new ArrayList<>();
    for (Candidate candidate : candidates) {
      boolean counted = candidates.size() > 1 && candidate.kexecCount >= 0;
      if ((counted || candidate.isKept())
          && (outgoing == null || candidate.kexecCount > outgoing.kexecCount)) {
        outgoing = candidate;
      }
      if (candidate.rootPage == RootPage.ABSENT) {
        absent.add(candidate);
      }
    }
    // Where all other maps are gone, the only map that a dump left out may be whole.
    boolean one = outgoing == null && absent.size() == 1 && candidates.size() > 1;
    return one ? absent.getFirst() : outgoing;
  }

  /**
   * The map's record of the root FDT's own page, if the page of the map with that record is
   * present.
   */
  private enum RootPage {
    PRESERVED,
    NOT_PRESERVED,
    ABSENT
  }

  /** A root whose role is not known yet. */
  private record Candidate(
      HandoverMemory memory,
      RootFdt root,
      @Nullable MapForm mapForm,
      long kexecCount,
      Handover handover,
      RootPage rootPage) {

    static Candidate of(HandoverMemory memory, RootFdt root, @Nullable MapForm mapForm) {
      Handover handover = Handover.withoutRole(memory, root, mapForm);
      return new Candidate(
          memory, root, mapForm, count(handover), handover, rootPage(handover, root));
    }

    private static long count(Handover handover) {
      try {
        return handover.client(Metadata.CLIENT).map(Metadata::kexecCount).orElse(NO_COUNT);
      } catch (HandoverException e) {
        return e.isAbsent() ? ABSENT_COUNT : NO_COUNT;
      }
    }

    Candidate withoutCount() {
      return new Candidate(memory, root, mapForm, NO_COUNT, handover, rootPage);
    }

    /**
     * Returns the handover, with its role.
     *
     * @param outgoing the one that is prepared for the next kernel, if there is one
     */
    Handover handover(@Nullable Candidate outgoing, PageSizeEvidence evidence) {
      Role role = role(outgoing);
      String taken = role == Role.OUTGOING || outgoing == null ? null : taken(outgoing);
      MapState state = mapState(taken != null, evidence);
      boolean wrong =
          state == MapState.UNREADABLE || (state == MapState.INTACT && !rootPreserved());
      HandoverException problem = wrong ? wrongMap(evidence) : null;
      return new Handover(memory, root, role, state, taken, problem, evidence, mapForm);
    }

    private MapState mapState(boolean isTaken, PageSizeEvidence evidence) {
      if (handover.isNewer()) {
        return MapState.NEWER;
      }
      if (isFinalizedLater()) {
        return MapState.NOT_FINALIZED;
      }
      // A kernel that takes a map frees its pages: one fault shows that they are in use again.
      if (isTaken ? sound() : rootPreserved()) {
        return MapState.INTACT;
      }
      if (isTaken) {
        return MapState.CONSUMED;
      }
      if (rootPage == RootPage.ABSENT) {
        return MapState.ABSENT;
      }
      return readsWithoutRoot(evidence) ? MapState.INTACT : MapState.UNREADABLE;
    }

    private Role role(@Nullable Candidate outgoing) {
      if (outgoing == null) {
        return Role.UNKNOWN;
      }
      boolean another = kexecCount < 0 ? isKept() : kexecCount == outgoing.kexecCount;
      if (outgoing.root.address() == root.address() || another) {
        return Role.OUTGOING;
      }
      boolean counted = kexecCount >= 0 && kexecCount == outgoing.kexecCount - 1;
      return counted || (kexecCount < 0 && isConsumed()) ? Role.INCOMING : Role.UNKNOWN;
    }

    /** Evidence that the kernel that writes another handover, or one before it, has taken this. */
    private @Nullable String taken(Candidate outgoing) {
      if (kexecCount >= 0) {
        return kexecCount >= outgoing.kexecCount
            ? null
            : "its kexec count is %d, and that of the outgoing handover at 0x%x is %d"
                .formatted(kexecCount, outgoing.root.address(), outgoing.kexecCount);
      }
      return isConsumed()
          ? "the handover at 0x%x is outgoing, and this one's map is gone"
              .formatted(outgoing.root.address())
          : null;
    }

    /** The fault of a map that was not found to preserve the root FDT's own page. */
    private HandoverException wrongMap(PageSizeEvidence evidence) {
      try {
        PreservedMap map = handover.preservedMap();
        map.lookup().isPreserved(root.address(), 0);
        String sentence =
            "it does not preserve the root FDT's own page at 0x%x as a block of order 0"
                .formatted(root.address());
        return PreservedMap.PATH.broken(
            map.root(),
            evidence.isUnsure()
                ? "with pages of %s, %s".formatted(memory.pageSize(), sentence)
                : sentence);
      } catch (HandoverException e) {
        return e;
      }
    }

    boolean isFinalizedLater() {
      try {
        return handover.isFinalizedLater();
      } catch (HandoverException e) {
        return false;
      }
    }

    private ByteBuffer bytes() {
      return memory.physical().read(root.address(), root.totalSize()).asByteBuffer();
    }

    /** Returns whether the map is present or not written yet: the kernel has not freed it. */
    private boolean isKept() {
      return isFinalizedLater() || rootPreserved();
    }

    /** Returns whether the root FDT points at a map whose pages no longer hold a map. */
    boolean isConsumed() {
      try {
        handover.preservedMap();
        return rootPage == RootPage.NOT_PRESERVED;
      } catch (HandoverException e) {
        return false;
      }
    }

    /** Returns whether the map preserves the root FDT's own page, as every intact one does. */
    boolean rootPreserved() {
      return rootPage == RootPage.PRESERVED;
    }

    private static RootPage rootPage(Handover handover, RootFdt root) {
      try {
        return handover.preservedMap().lookup().isPreserved(root.address(), 0)
            ? RootPage.PRESERVED
            : RootPage.NOT_PRESERVED;
      } catch (HandoverException e) {
        return e.isAbsent() ? RootPage.ABSENT : RootPage.NOT_PRESERVED;
      }
    }

    /**
     * Returns whether a map that lacks the root FDT's page is one for all that. Memory that was
     * overwritten shows a fault or no block; another page size does where the map shows it.
     */
    private boolean readsWithoutRoot(PageSizeEvidence evidence) {
      try {
        if (evidence.isUnsure() && !handover.preservedMap().showsPageSize()) {
          return false;
        }
        MapSummary summary = handover.mapSummary();
        return summary.fault().isEmpty() && summary.blocks().total() > 0;
      } catch (HandoverException e) {
        return false;
      }
    }

    /**
     * Returns whether the present part of the map reads without a fault and has the root FDT's
     * page.
     */
    boolean sound() {
      return rootPreserved() && handover.mapSummary().fault().isEmpty();
    }
  }
}
