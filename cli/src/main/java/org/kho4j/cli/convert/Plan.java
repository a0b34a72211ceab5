package org.kho4j.cli.convert;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * The plan of a conversion: the parts of a handover that stay, those that are rewritten, and those
 * for which the target has no place. Structures with the same form in every version stay: vmalloc
 * areas with their chunks, the blobs of memblock and kho_test, folios.
 */
final class Plan {

  /**
   * A session that comes over.
   *
   * @param files of it that come over
   */
  record PlannedSession(Session session, List<PreservedFile> files) {}

  /** LUO's state. */
  record PlannedLuo(long number, List<PlannedSession> sessions, List<Flb> flbs) {}

  private final Handover source;
  private final Target target;
  private final PageSize pageSize;
  private final KeptBlocks kept;
  private final CopiedParts copied;
  private final List<Subtree> subtrees = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();

  /** A lower bound: a list that is not readable counts as one file. */
  private long filesLeftOut;

  private @Nullable Metadata metadata;
  private @Nullable PlannedLuo luo;

  private Plan(Handover source, Target target) {
    this.source = source;
    this.target = target;
    this.pageSize = source.pageSize();
    this.kept = KeptBlocks.of(source.preservedMap(), pageSize);
    this.copied = new CopiedParts(source, kept);
  }

  /**
   * Plans it.
   *
   * @param memory that the converted handover will be in
   * @throws HandoverException if the source is broken in a part that is written anew or left out,
   *     or if such a part has memory of a part that stays
   */
  static Plan of(Handover source, Target target, AddressRange memory) {
    Plan plan = new Plan(source, target);
    plan.dropOutside(memory);
    plan.kept.drop(source.root().address());
    List<Subtree> all =
        source.subtrees(problem -> plan.leaveOut(problem.path(), problem.problem()));
    all.forEach(subtree -> plan.ifReadable(subtree.where(), () -> plan.subtree(subtree)));
    plan.requireOwnMemory(all);
    plan.subtrees.forEach(plan::reservations);
    return plan;
  }

  KeptBlocks kept() {
    return kept;
  }

  /** The subtrees whose blobs stay, in the root FDT's order. */
  List<Subtree> subtrees() {
    return subtrees;
  }

  Optional<Metadata> metadata() {
    return Optional.ofNullable(metadata);
  }

  Optional<PlannedLuo> luo() {
    return Optional.ofNullable(luo);
  }

  List<LeftOut> leftOut() {
    return leftOut;
  }

  /** Returns whether a file's structure has to be written in another version's form. */
  boolean isRewritten(PreservedFile file) {
    MemfdVersion wanted = target.memfd();
    return MemfdVersion.of(file.compatible())
        .filter(version -> wanted == null || !version.compatible().equals(wanted.compatible()))
        .isPresent();
  }

  private void leaveOut(String path, @Nullable String reason) {
    leftOut.add(new LeftOut(path, Objects.requireNonNull(reason, "a reason")));
  }

  /**
   * Plans a part. Leaves the part out if a structure of it is not in the source or is not
   * preserved: the zeros in its place would be another structure.
   *
   * @return whether the part was planned
   */
  private boolean ifReadable(Where part, Runnable planning) {
    try {
      planning.run();
      return true;
    } catch (HandoverException e) {
      if (!CopiedParts.isMissing(e)) {
        throw e;
      }
      kept.drop(e.address());
      String path = part.toString();
      leaveOut(
          path,
          "%s at 0x%x cannot be copied: %s; its other memory stays preserved without an owner"
              .formatted(
                  path.equals(e.path()) ? "the structure" : e.path(), e.address(), e.problem()));
      return false;
    }
  }

  /** Plans what is in a list; the rest of one that is not readable is left out. */
  private void list(Where list, Runnable planning) {
    if (!ifReadable(list, planning)) {
      filesLeftOut++;
    }
  }

  private void requireOwnMemory(List<Subtree> all) {
    for (Subtree subtree : subtrees) {
      long address = subtree.address();
      if (kept.has(address, subtree.size())
          || !KeptBlocks.of(source.preservedMap(), pageSize).has(address, subtree.size())) {
        continue;
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
    // Parts that were planned later may have taken memory of those before.
    subtrees.forEach(copied::require);
    luo()
        .ifPresent(planned ->
            planned
                .sessions()
                .forEach(session ->
                    session.files().forEach(file -> copied.require(file, isRewritten(file)))));
  }

  private void dropOutside(AddressRange memory) {
    List<KeptBlocks.Run> outside = new ArrayList<>();
    for (KeptBlocks.Run run : kept.runs()) {
      if (run.address() < memory.address() || run.end() > memory.end()) {
        outside.add(run);
      }
    }
    for (KeptBlocks.Run run : outside) {
      leaveOut(
          "/preserved-memory-map",
          "blocks of order %d, 0x%x to 0x%x, are not all in memory, which is %s"
              .formatted(run.order(), run.address(), run.end() - 1, memory));
      kept.dropRun(run);
    }
  }

  private void subtree(Subtree subtree) {
    switch (subtree.name()) {
      case KexecMetadata.SUBTREE -> metadata(subtree);
      case LuoSer.SUBTREE -> luo(subtree);
      default -> {
        if (subtree.name().equals(KhoTest.CLIENT.subtree())
            && !target.kho().has(KhoFeature.VMALLOC)) {
          khoTest(subtree);
        } else if (isExpressible(subtree)) {
          copied.require(subtree);
          subtrees.add(subtree);
        } else {
          leaveOut(
              "/" + subtree.name(),
              "is not a device tree, and %s has no other blobs".formatted(target.kho()));
          kept.drop(subtree.address(), subtree.size());
        }
      }
    }
  }

  /** A kernel reads a reservation's memory, preserved or not. */
  private void reservations(Subtree subtree) {
    if (!subtree.name().equals(ReserveMem.CLIENT.subtree())) {
      return;
    }
    List<ReserveMem> reservations;
    try {
      reservations = ReserveMem.CLIENT.read(source, subtree);
    } catch (HandoverException e) {
      return; // A broken blob stays unchanged.
    }
    for (ReserveMem reservation : reservations) {
      if (!kept.has(reservation.start(), reservation.size())) {
        leaveOut(
            reservation.where().toString(),
            "0x%x bytes at 0x%x are not all preserved: those that are not become zeros"
                .formatted(reservation.size(), reservation.start()));
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
      return Fdt.totalSize(tree) == subtree.size();
    } catch (HandoverException e) {
      if (CopiedParts.isMissing(e)) {
        throw e;
      }
      return false;
    }
  }

  private void metadata(Subtree subtree) {
    kept.drop(subtree.address(), subtree.size());
    if (target.kho().has(KhoFeature.METADATA)) {
      metadata = Metadata.CLIENT.read(source, subtree);
    } else {
      leaveOut("/" + subtree.name(), "%s has none".formatted(target.kho()));
    }
  }

  private void khoTest(Subtree subtree) {
    leaveOut("/" + subtree.name(), "%s has no vmalloc areas".formatted(target.kho()));
    KhoTest test = KhoTest.CLIENT.read(source, subtree);
    test.forEachFolio((address, order) -> kept.drop(address, pageSize.blockBytes(order)));
    drop(test.foliosInfo());
    kept.drop(subtree.address(), subtree.size());
  }

  private void drop(PreservedArea area) {
    area.forEachRun((order, address, bytes) -> kept.drop(address, bytes), kept::drop);
  }

  private void luo(Subtree subtree) {
    LuoHead head = LuoHead.read(source.memory(), subtree);
    LiveUpdate state = LiveUpdate.CLIENT.read(source, subtree);
    kept.drop(subtree.address(), subtree.size());
    kept.drop(head.address());
    kept.drop(head.sessions());
    kept.drop(head.flbs());
    LuoVersion version = target.luo();
    if (version == null) {
      leaveOut("/" + subtree.name(), "%s has no LUO".formatted(target.kho()));
    }
    List<PlannedSession> sessions = new ArrayList<>();
    int room = version == null ? 0 : capacity(version.sessionList());
    list(
        subtree.where().in("sessions"),
        () ->
            state
                .sessions()
                .forEach(session -> {
                  kept.drop(session.address());
                  boolean fits = sessions.size() < room;
                  if (!fits && version != null) {
                    leaveOut(
                        session.where().toString(),
                        "%s has room for %d sessions".formatted(version, room));
                  }
                  List<PreservedFile> files = files(session, fits ? version : null);
                  if (fits) {
                    sessions.add(new PlannedSession(session, files));
                  }
                }));
    List<Flb> flbs = new ArrayList<>();
    ifReadable(subtree.where().in("flbs"), () -> flbs.addAll(state.flbs()));
    long files = sessions.stream().mapToLong(session -> session.files().size()).sum();
    if (version != null) {
      luo = new PlannedLuo(state.number(), sessions, flbs(version, flbs, files));
    }
  }

  /** How many entries a list takes; blocks take as many as one wants. */
  private int capacity(Structure list) {
    return list.has(KhoBlock.COUNT) ? Integer.MAX_VALUE : list.capacity(pageSize);
  }

  private List<PreservedFile> files(Session session, @Nullable LuoVersion version) {
    List<PreservedFile> files = new ArrayList<>();
    int room = version == null ? 0 : capacity(version.fileList());
    list(
        session.where().in("files"),
        () ->
            session
                .files()
                .forEach(file -> {
                  kept.drop(file.address());
                  boolean fits = files.size() < room;
                  if (ifReadable(file.where(), () -> file(file, fits, version)) && fits) {
                    files.add(file);
                  } else {
                    filesLeftOut++;
                  }
                }));
    return files;
  }

  private void file(PreservedFile file, boolean fits, @Nullable LuoVersion version) {
    if (fits) {
      file(file);
      return;
    }
    if (version != null) {
      leaveOut(
          file.where().toString(),
          "%s has room for %d files in a session".formatted(version, capacity(version.fileList())));
    }
    file.as(Memfd.HANDLER)
        .ifPresentOrElse(
            memfd -> drop(file, memfd),
            () ->
                leaveOut(
                    file.where().toString(),
                    "the memory of \"%s\" is unknown; it stays preserved without an owner"
                        .formatted(file.compatible())));
  }

  private void drop(PreservedFile file, Memfd memfd) {
    memfd.forEachFolio((address, index, flags) -> kept.drop(address));
    drop(memfd.foliosInfo());
    kept.drop(file.data());
  }

  private void file(PreservedFile file) {
    copied.require(file, isRewritten(file));
    if (!isRewritten(file)) {
      return;
    }
    kept.drop(file.data());
    long seals = file.as(Memfd.HANDLER).orElseThrow().seals().orElse(0);
    if (seals != 0 && keepsNoSeals()) {
      leaveOut(
          file.where().in("seals").toString(),
          "seals 0x%x: %s has none".formatted(seals, target.memfd()));
    }
  }

  private boolean keepsNoSeals() {
    MemfdVersion memfd = target.memfd();
    return memfd == null || !memfd.structure().has(MemfdSer.SEALS);
  }

  private List<Flb> flbs(LuoVersion version, List<Flb> flbs, long files) {
    if (version.flbs() || flbs.isEmpty()) {
      return flbs.stream().map(flb -> referenced(flb, files)).toList();
    }
    for (int i = 0; i < flbs.size(); i++) {
      leaveOut("/LUO/flbs/flb " + i, "%s has no FLBs: %s".formatted(version, flbs.get(i).name()));
    }
    return List.of();
  }

  /** An FLB counts the files that hold a reference to it. Not more of them can be left. */
  private Flb referenced(Flb flb, long files) {
    if (filesLeftOut == 0 || Long.compareUnsigned(flb.count(), files) <= 0) {
      return flb;
    }
    leaveOut(
        "/LUO/flbs",
        "%s of the %s references to %s: so many files are left out"
            .formatted(
                Long.toUnsignedString(flb.count() - files),
                Long.toUnsignedString(flb.count()),
                flb.name()));
    return new Flb(flb.name(), flb.data(), files);
  }
}
