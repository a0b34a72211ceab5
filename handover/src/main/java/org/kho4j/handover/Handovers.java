package org.kho4j.handover;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover.MapState;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.metadata.Metadata;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/** Finds handovers in physical memory. */
public final class Handovers {

  private Handovers() {}

  /** Finds every handover, with the page size that the memory tells or shows. */
  public static List<Handover> find(PhysicalMemory memory) {
    return of(memory, RootSearch.search(memory, bytes -> {}).roots(), null);
  }

  /**
   * The handovers of roots that a {@link RootSearch} found. Given together, because the role of one
   * follows from the others.
   *
   * @param pageSize of the kernel that wrote them, or null to find out
   */
  public static List<Handover> of(
      PhysicalMemory memory, List<RootFdt> roots, @Nullable PageSize pageSize) {
    return of(memory, roots, pageSize, null);
  }

  /**
   * The handovers of roots, as {@link #of(PhysicalMemory, List, PageSize)}.
   *
   * @param mapForm that the preserved map has where its version leaves that open, or null to find
   *     out
   */
  public static List<Handover> of(
      PhysicalMemory memory,
      List<RootFdt> roots,
      @Nullable PageSize pageSize,
      @Nullable MapForm mapForm) {
    PageSize size = pageSize != null ? pageSize : pageSize(memory, roots, mapForm);
    HandoverMemory pages = new HandoverMemory(memory, size);
    List<Candidate> candidates =
        roots.stream().map(root -> Candidate.of(pages, root, mapForm)).toList();
    long newest = candidates.stream().mapToLong(Candidate::kexecCount).max().orElse(-1);
    boolean alone = candidates.size() == 1;
    List<Handover> handovers = new ArrayList<>();
    for (Candidate candidate : candidates) {
      Role role = role(candidate, newest, alone);
      handovers.add(new Handover(pages, candidate.root, role, candidate.mapState(role), mapForm));
    }
    return handovers;
  }

  /**
   * The kernel that writes a handover counts one more than the handover it was given. Where no
   * count tells, the map does: a kernel frees the nodes of the one it was given, and keeps those of
   * the one it writes, or writes it later.
   */
  private static Role role(Candidate candidate, long newest, boolean alone) {
    if (alone || candidate.kexecCount < 0) {
      return candidate.isFinalizedLater() || candidate.rootPreserved()
          ? Role.OUTGOING
          : candidate.isConsumed() ? Role.INCOMING : Role.UNKNOWN;
    }
    if (candidate.kexecCount == newest) {
      return Role.OUTGOING;
    }
    return candidate.kexecCount == newest - 1 ? Role.INCOMING : Role.UNKNOWN;
  }

  /**
   * The page size of the kernel that wrote the roots: the one by which a map has its own root FDT's
   * page as a preserved block of order 0. What the source says comes first, and is not believed:
   * QEMU gives kdump dumps of every arm64 guest 64K as their page size.
   */
  private static PageSize pageSize(
      PhysicalMemory memory, List<RootFdt> roots, @Nullable MapForm mapForm) {
    MemorySource source = memory.source();
    if (source.machine() == MemorySource.Machine.X86_64) {
      return PageSize.SIZE_4K;
    }
    Optional<PageSize> told =
        source.pageSize().isPresent()
            ? PageSize.ofBytes(source.pageSize().getAsInt())
            : Optional.empty();
    List<PageSize> sizes = new ArrayList<>(List.of(PageSize.values()));
    told.ifPresent(size -> sizes.addFirst(size));
    for (PageSize size : sizes) {
      HandoverMemory pages = new HandoverMemory(memory, size);
      if (roots.stream().anyMatch(root -> Candidate.of(pages, root, mapForm).rootPreserved())) {
        return size;
      }
    }
    return told.orElse(PageSize.SIZE_4K);
  }

  /** A root whose role is not known yet. */
  private record Candidate(
      HandoverMemory memory, RootFdt root, long kexecCount, Handover handover) {

    static Candidate of(HandoverMemory memory, RootFdt root, @Nullable MapForm mapForm) {
      Handover handover = new Handover(memory, root, Role.UNKNOWN, MapState.CONSUMED, mapForm);
      return new Candidate(memory, root, count(handover), handover);
    }

    private static long count(Handover handover) {
      try {
        return handover.client(Metadata.CLIENT).map(Metadata::kexecCount).orElse(-1L);
      } catch (HandoverException e) {
        return -1;
      }
    }

    MapState mapState(Role role) {
      if (isFinalizedLater()) {
        return MapState.NOT_FINALIZED;
      }
      boolean intact = role == Role.OUTGOING ? rootPreserved() : sound();
      return intact ? MapState.INTACT : MapState.CONSUMED;
    }

    boolean isFinalizedLater() {
      try {
        return handover.isFinalizedLater();
      } catch (HandoverException e) {
        return false;
      }
    }

    /** Whether there is a map, whose pages are not a map any more. */
    boolean isConsumed() {
      try {
        handover.preservedMap();
        return !rootPreserved();
      } catch (HandoverException e) {
        return false;
      }
    }

    /** Whether the map preserves the root FDT's own page, as every intact one does. */
    boolean rootPreserved() {
      try {
        return handover.preservedMap().lookup().isPreserved(root.address(), 0);
      } catch (HandoverException | IllegalArgumentException e) {
        return false;
      }
    }

    /** Whether the whole map reads without a fault, and preserves the root FDT's page. */
    boolean sound() {
      List<HandoverException> problems = new ArrayList<>();
      if (!rootPreserved()) {
        return false;
      }
      handover.preservedMap().summary(problems::add);
      return problems.isEmpty();
    }
  }
}
