package org.kho4j.cli.convert;

import org.kho4j.abi.PageSize;
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
 * Checks that the structures of a part that stays are copied: the source has them, and they are in
 * preserved blocks. A broken structure stays broken.
 */
final class CopiedParts {

  private final Handover source;
  private final KeptBlocks kept;
  private final PageSize pageSize;

  CopiedParts(Handover source, KeptBlocks kept) {
    this.source = source;
    this.kept = kept;
    this.pageSize = source.pageSize();
  }

  /**
   * Checks a blob, and the list of kho_test's folios.
   *
   * @throws HandoverException if {@linkplain #isMissing something is missing}
   */
  void require(Subtree subtree) {
    ignoringFaults(() -> {
      HandoverMemory memory = source.memory();
      if (!memory.physical().contains(subtree.address(), subtree.size())) {
        memory.bytes(subtree.where(), subtree.address(), subtree.size());
      }
      if (subtree.name().equals(KhoTest.CLIENT.subtree())) {
        KhoTest test = KhoTest.CLIENT.read(source, subtree);
        Where data = subtree.where().in("data");
        requireKept(data.in("folios_info"), test.foliosInfo());
        test.forEachFolio((address, order) ->
            requireKept(data.in("folio"), address, address == 0 ? 0 : pageSize.blockBytes(order)));
      }
    });
  }

  /**
   * Checks a memfd's structure, unless it is rewritten, and its folios with their list.
   *
   * @throws HandoverException if {@linkplain #isMissing something is missing}
   */
  void require(PreservedFile file, boolean rewritten) {
    ignoringFaults(
        () -> file.as(Memfd.HANDLER).ifPresent(memfd -> require(file, memfd, rewritten)));
  }

  private void require(PreservedFile file, Memfd memfd, boolean rewritten) {
    if (!rewritten) {
      requireKept(file.where(), file.data(), pageSize.bytes());
    }
    requireKept(file.where().in("folios"), memfd.foliosInfo());
    memfd.forEachFolio((address, index, flags) ->
        requireKept(file.where().in("folio"), address, pageSize.bytes()));
  }

  /** Returns whether a problem is that the source lacks memory, or that it is not copied. */
  static boolean isMissing(HandoverException problem) {
    return problem.isAbsent() || problem.getCause() instanceof DamagedMemoryException;
  }

  private static void ignoringFaults(Runnable reading) {
    try {
      reading.run();
    } catch (HandoverException e) {
      if (isMissing(e)) {
        throw e;
      }
    }
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
