package org.kho4j.cli.convert;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.Limits;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.content.PreservedContent;
import org.kho4j.cli.convert.LuoPlan.PlannedLuo;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;

/**
 * The plan of a conversion: the parts of a handover that stay, those that are rewritten, and those
 * for which the target has no place. Structures with the same form in every version stay: vmalloc
 * areas with their chunks, the blobs of memblock and kho_test, folios.
 */
final class Plan {

  private final Handover source;
  private final Target target;
  private final PageSize pageSize;
  private final KeptBlocks kept;
  private final PreservedContent contents;
  private final CopiedParts copied;
  private final ClaimedMemory claims = new ClaimedMemory();
  private final LuoPlan luoPlan;
  private final List<Subtree> subtrees = new ArrayList<>();
  private final List<ReserveMem> reservations = new ArrayList<>();

  private @Nullable Metadata metadata;
  private Optional<PlannedLuo> luo = Optional.empty();

  private Plan(Handover source, Target target) {
    this.source = source;
    this.target = target;
    this.pageSize = source.pageSize();
    this.kept = KeptBlocks.of(source.preservedMap(), pageSize);
    this.contents = new PreservedContent(source);
    this.copied = new CopiedParts(source, kept, contents);
    this.luoPlan = new LuoPlan(source, target, kept, contents, claims, copied);
  }

  /**
   * Plans it. What is broken or not preserved is left out.
   *
   * @param memory that the converted handover will be in
   * @throws HandoverException if the root FDT or the map is broken
   */
  static Plan of(Handover source, Target target, AddressRange memory) {
    Plan plan = new Plan(source, target);
    plan.dropOutside(memory);
    plan.dropZero();
    plan.kept.drop(source.root().address());
    List<Subtree> all =
        source.subtrees(problem -> plan.copied.leaveOut(problem.path(), problem.problem()));
    all.forEach(subtree -> plan.copied.ifReadable(subtree.where(), () -> plan.subtree(subtree)));
    plan.keepOwnMemory(all);
    plan.luo = plan.luoPlan.planned();
    return plan;
  }

  KeptBlocks kept() {
    return kept;
  }

  /** The subtrees whose blobs stay, in the root FDT's order. */
  List<Subtree> subtrees() {
    return subtrees;
  }

  /**
   * The reservations for which memblock's blob is written anew; none if it stays, or there is none.
   */
  List<ReserveMem> reservations() {
    return reservations;
  }

  /** Memory that parts of the source claim, preserved or not: nothing is written there. */
  ClaimedMemory claims() {
    return claims;
  }

  Optional<Metadata> metadata() {
    return Optional.ofNullable(metadata);
  }

  Optional<PlannedLuo> luo() {
    return luo;
  }

  /** Returns whether a file's structure has to be written in another version's form. */
  boolean isRewritten(PreservedFile file) {
    return luoPlan.isRewritten(file);
  }

  List<LeftOut> leftOut() {
    return copied.leftOut();
  }

  /** Parts that were planned later may have taken memory of those before: these are left out. */
  private void keepOwnMemory(List<Subtree> all) {
    KeptBlocks preserved = KeptBlocks.of(source.preservedMap(), pageSize);
    subtrees.removeIf(subtree ->
        !copied.ifReadable(
            subtree.where(),
            () -> {
              requireOwnMemory(subtree, all, preserved);
              copied.requireKept(subtree);
            }));
    luoPlan.keepOwnMemory();
    subtrees.stream()
        .filter(subtree -> subtree.name().equals(ReserveMem.CLIENT.subtree()))
        .findFirst()
        .filter(subtree -> !copied.ifReadable(subtree.where(), () -> reservations(subtree)))
        .ifPresent(subtrees::remove);
  }

  private void requireOwnMemory(Subtree subtree, List<Subtree> all, KeptBlocks preserved) {
    long address = subtree.address();
    if (kept.has(address, subtree.size()) || !preserved.has(address, subtree.size())) {
      return;
    }
    throw subtree
        .where()
        .broken(
            address,
            all.stream()
                .filter(other -> !other.equals(subtree) && other.address() == address)
                .findFirst()
                .map(other -> "%s also has the blob at 0x%x".formatted(other.where(), address))
                .orElse("its memory also has a structure that is written anew or left out"));
  }

  /** A pointer of 0 means none, so no kernel preserves the first page. */
  private void dropZero() {
    if (kept.has(0, 1)) {
      copied.leaveOut("/preserved-memory-map", "the block at 0x0: preserved memory cannot be at 0");
      kept.drop(0);
    }
  }

  private void dropOutside(AddressRange memory) {
    List<KeptBlocks.Run> outside = new ArrayList<>();
    for (KeptBlocks.Run run : kept.runs()) {
      if (run.address() < memory.address() || run.end() > memory.end()) {
        outside.add(run);
      }
    }
    for (KeptBlocks.Run run : outside) {
      copied.leaveOut(
          "/preserved-memory-map",
          "blocks of order %d, 0x%x to 0x%x, are not all in memory, which is %s"
              .formatted(run.order(), run.address(), run.end() - 1, memory));
      kept.dropRun(run);
    }
  }

  private void subtree(Subtree subtree) {
    contents.require(subtree);
    switch (subtree.name()) {
      case KexecMetadata.SUBTREE -> metadata(subtree);
      case LuoSer.SUBTREE -> luoPlan.plan(subtree);
      default -> {
        if (subtree.name().equals(KhoTest.CLIENT.subtree())
            && !target.kho().has(KhoFeature.VMALLOC)) {
          khoTest(subtree);
        } else if (isExpressible(subtree)) {
          copied.require(subtree);
          subtrees.add(subtree);
        } else {
          copied.leaveOut(
              "/" + subtree.name(),
              "is not a device tree, and %s has no other blobs".formatted(target.kho()));
          kept.drop(subtree.address(), subtree.size());
        }
      }
    }
  }

  /**
   * Leaves out the reservations that are broken, or of which a page is not preserved: a kernel
   * would give their memory to a client, whatever it holds. The blob is written anew without them.
   */
  private void reservations(Subtree subtree) {
    int before = leftOut().size();
    List<ReserveMem> sound = new ArrayList<>();
    for (ReserveMem reservation :
        ReserveMem.readAll(
            source, subtree, problem -> copied.leaveOut(problem.path(), problem.problem()))) {
      claim(reservation);
      if (kept.has(reservation.start(), reservation.size())) {
        sound.add(reservation);
      } else {
        copied.leaveOut(
            reservation.where().toString(),
            "0x%x bytes at 0x%x are not all preserved"
                .formatted(reservation.size(), reservation.start()));
      }
    }
    if (leftOut().size() == before) {
      return;
    }
    subtrees.remove(subtree);
    kept.drop(subtree.address(), subtree.size());
    for (ReserveMem reservation : sound) {
      if (ReserveMemSaver.canHold(reservations.size(), reservation.name())) {
        reservations.add(reservation);
      } else {
        copied.leaveOut(
            reservation.where().toString(),
            "a kernel accepts at most %d reservations, with names of 1 to %d characters"
                .formatted(Limits.RESERVE_MEM_ENTRIES, Limits.RESERVE_MEM_NAME));
      }
    }
  }

  /** Up to kho-v2 a blob is a device tree that tells its own size. */
  private boolean isExpressible(Subtree subtree) {
    if (target.kho().version().sizeProperty() != null) {
      return true;
    }
    try {
      MemorySegment tree =
          source.memory().treeBytes(subtree.where(), subtree.address(), subtree.size());
      long total = Fdt.totalSize(tree);
      return total >= subtree.size() && total <= tree.byteSize();
    } catch (HandoverException e) {
      if (CopiedParts.isMissing(e)) {
        throw e;
      }
      return false;
    }
  }

  private void claim(ReserveMem reservation) {
    if (source.memory().physical().isRam(reservation.start(), reservation.size())) {
      claims.add(reservation.start(), reservation.size());
    }
  }

  private void metadata(Subtree subtree) {
    Metadata read = Metadata.CLIENT.read(source, subtree);
    kept.drop(subtree.address(), subtree.size());
    if (target.kho().has(KhoFeature.METADATA)) {
      metadata = read;
    } else {
      copied.leaveOut("/" + subtree.name(), "%s has none".formatted(target.kho()));
    }
  }

  private void khoTest(Subtree subtree) {
    copied.require(subtree);
    KhoTest test = KhoTest.CLIENT.read(source, subtree);
    copied.leaveOut("/" + subtree.name(), "%s has no vmalloc areas".formatted(target.kho()));
    test.forEachFolio((address, order) -> kept.drop(address, pageSize.blockBytes(order)));
    copied.drop(test.foliosInfo());
    kept.drop(subtree.address(), subtree.size());
  }
}
