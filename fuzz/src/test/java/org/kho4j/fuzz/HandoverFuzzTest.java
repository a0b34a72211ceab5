package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Finding;

class HandoverFuzzTest {

  /** Loaded when its target is run. */
  private static final class Newest {
    static final FuzzedImage CAPTURE =
        FuzzedImage.open(
            "cli/src/test/resources/org/kho4j/cli/captures/linux-7.3.4-jump-luo.ram.zst");
  }

  /** Both sizes of bitmaps, every page size, luo-v1 with and without FLBs. */
  private static final class BitmapLists {
    static final List<FuzzedImage> VECTORS =
        FuzzedImage.vectors(
            "handover/linux-6.16-4k",
            "handover/linux-6.17.9-16k",
            "handover/linux-6.18-64k",
            "handover/linux-6.19-4k",
            "handover/linux-7.0-16k",
            "structure/bitmaps-512-orders-4k",
            "structure/bitmaps-512-orders-64k",
            "structure/bitmaps-page-orders-4k",
            "structure/bitmaps-two-chunks-4k",
            "structure/bitmaps-ambiguous");
  }

  /**
   * Blobs that do not tell their size, trees that lack a level, lists of LUO in their old forms.
   */
  private static final class OldTrees {
    static final List<FuzzedImage> VECTORS =
        FuzzedImage.vectors(
            "handover/kho-v2-4k",
            "handover/kho-v2-16k",
            "handover/linux-7.1-4k",
            "handover/linux-7.1-64k",
            "handover/linux-7.1-rc-16k",
            "handover/luo-v2-4k",
            "handover/luo-v3-4k",
            "handover/luo-v4-16k");
  }

  /** Number of a page, offset in it, and 8 bytes to put there. */
  private static final int PATCH_BYTES = 12;

  /** Whatever is changed in a real handover, every part reads or fails with a sentence. */
  @FuzzTest
  void readsPatched(byte @NotNull [] bytes) {
    readPatched(Newest.CAPTURE, ByteBuffer.wrap(bytes));
  }

  /** The same of kho-v1; the first byte says which vector. */
  @FuzzTest
  void readsPatchedBitmapLists(byte @NotNull [] bytes) {
    readPatchedVector(BitmapLists.VECTORS, bytes);
  }

  /** The same of kho-v2 and kho-v3; the first byte says which vector. */
  @FuzzTest
  void readsPatchedOldTrees(byte @NotNull [] bytes) {
    readPatchedVector(OldTrees.VECTORS, bytes);
  }

  private static void readPatchedVector(List<FuzzedImage> vectors, byte[] bytes) {
    if (bytes.length > 0) {
      ByteBuffer patches = ByteBuffer.wrap(bytes);
      readPatched(vectors.get(Byte.toUnsignedInt(patches.get()) % vectors.size()), patches);
    }
  }

  private static void readPatched(FuzzedImage subject, ByteBuffer patches) {
    Overlay memory = new Overlay(subject.memory());
    patches.order(ByteOrder.LITTLE_ENDIAN);
    while (patches.remaining() >= PATCH_BYTES) {
      int page = Short.toUnsignedInt(patches.getShort()) % subject.pages().size();
      int offset = Short.toUnsignedInt(patches.getShort()) % (Overlay.PAGE - Long.BYTES + 1);
      memory
          .page(subject.pages().get(page))
          .set(ValueLayout.JAVA_LONG_UNALIGNED, offset, patches.getLong());
    }
    List<RootFdt> roots = new ArrayList<>();
    attempt(() -> roots.add(RootSearch.at(memory, subject.root())));
    List<Handover> handovers = Handovers.of(memory, roots, null);
    handovers.forEach(HandoverFuzzTest::readAll);
    Verifier.verify(handovers, Verifier.Options.ALL, HandoverFuzzTest::check);
  }

  private static void readAll(Handover handover) {
    attempt(handover::version);
    List<PreservedMap> maps = new ArrayList<>();
    attempt(() -> maps.add(handover.preservedMap()));
    for (PreservedMap map : maps) {
      map.summary().problems().forEach(HandoverFuzzTest::check);
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
              luo.sessions()
                  .forEach(session ->
                      attempt(() -> session.files().forEach(file -> readFile(file, maps))));
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
    if (!problem.path().startsWith("/") || problem.getMessage().isBlank()) {
      throw new AssertionError(problem.getMessage(), problem);
    }
  }

  private static void check(Finding finding) {
    if (!finding.path().startsWith("/") || finding.message().isBlank()) {
      throw new AssertionError(finding.toString());
    }
  }
}
