package org.kho4j.cli.convert;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.content.PreservedContent;
import org.kho4j.handover.Handover;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.DamagedMemoryException;

/**
 * Checks that a part that stays is sound, and is copied: the source has its structures, and they
 * are in preserved blocks. A broken part is left out.
 */
final class CopiedParts {

  private final Handover source;
  private final KeptBlocks kept;
  private final PreservedContent contents;
  private final PageSize pageSize;
  private final List<LeftOut> leftOut = new ArrayList<>();

  CopiedParts(Handover source, KeptBlocks kept, PreservedContent contents) {
    this.source = source;
    this.kept = kept;
    this.contents = contents;
    this.pageSize = source.pageSize();
  }

  /** What is left out so far. */
  List<LeftOut> leftOut() {
    return leftOut;
  }

  /**
   * Checks a blob, and the data of kho_test.
   *
   * @throws HandoverException if something is missing or broken
   */
  void require(Subtree subtree) {
    HandoverMemory memory = source.memory();
    if (!memory.physical().contains(subtree.address(), subtree.size())) {
      memory.bytes(subtree.where(), subtree.address(), subtree.size());
    }
    if (subtree.name().equals(KhoTest.CLIENT.subtree())) {
      KhoTest test = KhoTest.CLIENT.read(source, subtree);
      requireKept(subtree, test);
      requireData(subtree, test);
    }
  }

  /**
   * Checks that the memory of kho_test is still copied, if the subtree is kho_test's.
   *
   * @throws HandoverException if it is not
   */
  void requireKept(Subtree subtree) {
    if (subtree.name().equals(KhoTest.CLIENT.subtree())) {
      requireKept(subtree, KhoTest.CLIENT.read(source, subtree));
    }
  }

  private void requireKept(Subtree subtree, KhoTest test) {
    Where data = subtree.where().in("data");
    requireKept(data.in("folios_info"), test.foliosInfo());
    test.forEachFolio((address, order) ->
        requireKept(data.in("folio"), address, address == 0 ? 0 : pageSize.blockBytes(order)));
  }

  /** Data that a dump left out are not checked. */
  private static void requireData(Subtree subtree, KhoTest test) {
    boolean matches;
    try {
      matches = test.data().checksumMatches();
    } catch (HandoverException e) {
      if (!isMissing(e)) {
        throw e;
      }
      matches = true;
    }
    if (!matches) {
      throw subtree
          .where()
          .in("data")
          .broken(subtree.address(), "the data do not have the checksum that is stored");
    }
  }

  /**
   * Checks a memfd.
   *
   * @throws HandoverException if something is missing or broken
   */
  void require(PreservedFile file, boolean rewritten) {
    file.as(Memfd.HANDLER)
        .ifPresent(memfd -> {
          requireKept(file, memfd, rewritten);
          contents.memfd(file, memfd);
          PreservedContent.emptyEntry(file, memfd)
              .ifPresent(problem -> {
                throw problem;
              });
        });
  }

  /**
   * Checks that the structure of a memfd, unless it is rewritten, and its folios with their list
   * are still copied.
   *
   * @throws HandoverException if they are not
   */
  void requireKept(PreservedFile file, boolean rewritten) {
    file.as(Memfd.HANDLER).ifPresent(memfd -> requireKept(file, memfd, rewritten));
  }

  private void requireKept(PreservedFile file, Memfd memfd, boolean rewritten) {
    if (!rewritten) {
      requireKept(file.where(), file.data(), pageSize.bytes());
    }
    requireKept(file.where().in("folios"), memfd.foliosInfo());
    memfd.forEachFolio((address, index, flags) ->
        requireKept(file.where().in("folio"), address, pageSize.bytes()));
  }

  /** Leaves something out. */
  void leaveOut(String path, @Nullable String reason) {
    leftOut.add(new LeftOut(path, Objects.requireNonNull(reason, "a reason")));
  }

  /**
   * Plans a part. Leaves the part out if a structure of it is broken, not in the source or not
   * preserved: the zeros in its place would be another structure.
   *
   * @return whether the part was planned
   */
  boolean ifReadable(Where part, Runnable planning) {
    try {
      planning.run();
      return true;
    } catch (HandoverException e) {
      if (isMissing(e)) {
        kept.drop(e.address());
      }
      String path = part.toString();
      leaveOut(
          path,
          "%s at 0x%x cannot be copied: %s; its other memory stays preserved without an owner"
              .formatted(
                  path.equals(e.path()) ? "the structure" : e.path(), e.address(), e.problem()));
      return false;
    }
  }

  /** Takes an area out of what is copied. */
  void drop(PreservedArea area) {
    area.forEachRun((order, address, bytes) -> kept.drop(address, bytes), kept::drop);
  }

  /** Returns whether a problem is that the source lacks memory, or that it is not copied. */
  static boolean isMissing(HandoverException problem) {
    return problem.isAbsent() || problem.getCause() instanceof DamagedMemoryException;
  }

  /** The converted handover has only what is copied; the rest is absent there. */
  private void requireKept(Where where, long address, long bytes) {
    if (!kept.has(address, bytes)) {
      throw where.broken(
          address,
          new AbsentMemoryException(address, "no preserved block that stays has it", true));
    }
  }

  private void requireKept(Where where, PreservedArea area) {
    area.forEachRun(
        (order, address, bytes) -> requireKept(where, address, bytes),
        chunk -> requireKept(where, chunk, pageSize.bytes()));
  }
}
