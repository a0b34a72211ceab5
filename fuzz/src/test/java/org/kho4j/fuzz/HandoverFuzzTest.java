package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.PreservedMap;
import org.kho4j.handover.RootFdt;
import org.kho4j.handover.RootSearch;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.metadata.Metadata;

class HandoverFuzzTest {

  private static final CaptureMemory CAPTURE = CaptureMemory.load();
  private static final long ROOT = Handovers.find(CAPTURE).getFirst().root().address();

  /** Number of a page, offset in it, and 8 bytes to put there. */
  private static final int PATCH_BYTES = 12;

  /** Whatever is changed in a real handover, every part reads or fails with a sentence. */
  @FuzzTest
  void readsPatched(byte @NotNull [] bytes) {
    CaptureMemory memory = CAPTURE.copy();
    ByteBuffer patches = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (patches.remaining() >= PATCH_BYTES) {
      int page = Short.toUnsignedInt(patches.getShort()) % memory.pageCount();
      int offset = Short.toUnsignedInt(patches.getShort()) % (4096 - Long.BYTES + 1);
      memory.patch(memory.pageAddress(page), offset, patches.getLong());
    }
    List<RootFdt> roots = new ArrayList<>();
    attempt(() -> roots.add(RootSearch.at(memory, ROOT)));
    Handovers.of(memory, roots, null).forEach(HandoverFuzzTest::readAll);
  }

  private static void readAll(Handover handover) {
    attempt(handover::version);
    List<PreservedMap> maps = new ArrayList<>();
    attempt(() -> maps.add(handover.preservedMap()));
    for (PreservedMap map : maps) {
      map.summary(HandoverFuzzTest::check);
      attempt(() ->
          map.forEachRun((order, address, bytes) -> {
            if (bytes <= 0 || address < 0 || address + bytes > 1L << 52) {
              throw new AssertionError("a run of %d bytes at 0x%x".formatted(bytes, address));
            }
          }));
    }
    attempt(() -> handover.subtrees(HandoverFuzzTest::check));
    attempt(() -> handover.client(Metadata.CLIENT));
    attempt(() -> handover.client(ReserveMem.CLIENT));
    attempt(() -> handover.client(KhoTest.CLIENT).ifPresent(KhoTest::data));
    attempt(() ->
        handover
            .client(LiveUpdate.CLIENT)
            .ifPresent(luo -> {
              attempt(luo::flbs);
              luo.forEachSession(
                  session -> attempt(() -> session.forEachFile(file -> readFile(file, maps))));
            }));
  }

  private static void readFile(PreservedFile file, List<PreservedMap> maps) {
    attempt(() ->
        file.as(Memfd.HANDLER)
            .ifPresent(memfd -> {
              attempt(() -> memfd.forEachFolio((address, index, flags) -> {}));
              maps.forEach(map -> attempt(() -> memfd.orders(map)));
            }));
  }

  private static void attempt(Runnable part) {
    try {
      part.run();
    } catch (HandoverException e) {
      check(e);
    }
  }

  private static void check(HandoverException problem) {
    if (!problem.path().startsWith("/") || problem.sentence().contains("null")) {
      throw new AssertionError(problem.sentence(), problem);
    }
  }
}
