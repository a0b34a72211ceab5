package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.memory.WritableMemory;

/** Restores everything that a patched handover describes, and hands it over again. */
class RestoreFuzzTest {

  /** Loaded when its target is run. */
  private static final class Images {
    static final List<RestorableImage> ALL =
        Stream.of(
                "vectors/handover/linux-7.3-4k.elf.zst",
                "vectors/handover/linux-7.3-16k.elf.zst",
                "vectors/handover/linux-7.3-64k.elf.zst",
                "vectors/handover/linux-7.1-4k.elf.zst",
                "vectors/handover/linux-7.1-rc-16k.elf.zst",
                "vectors/handover/kho-v2-4k.elf.zst",
                "vectors/handover/linux-7.0-16k.elf.zst",
                "vectors/handover/linux-6.19-4k.elf.zst",
                "vectors/handover/linux-6.18-64k.elf.zst",
                "vectors/handover/linux-6.16-4k.elf.zst",
                "vectors/structure/vmalloc-two-chunks.elf.zst",
                "vectors/structure/vmalloc-order-9.elf.zst",
                "vectors/structure/memfd-holes.elf.zst",
                "vectors/structure/memfd-array-of-two-pages.elf.zst",
                "vectors/structure/memblock-eight.elf.zst",
                "vectors/structure/bitmaps-512-orders-4k.elf.zst",
                "cli/src/test/resources/org/kho4j/cli/captures/linux-7.3.4-jump-luo.ram.zst",
                "cli/src/test/resources/org/kho4j/cli/captures/linux-7.3.4-gen1-running.ram.zst")
            .map(RestorableImage::open)
            .toList();
  }

  /** Number of a page, offset in it with the way to patch, and 8 bytes. */
  private static final int PATCH_BYTES = 12;

  /**
   * Whatever is changed in a handover, every part is restored or refused with a sentence, and what
   * is handed over afterwards is sound. The first byte says which image, the second which layout
   * the next generation writes.
   */
  @FuzzTest
  void restoresPatched(byte @NotNull [] bytes) {
    if (bytes.length < 2) {
      return;
    }
    ByteBuffer patches = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    RestorableImage image = pick(Images.ALL, patches.get());
    KhoLayout layout = pick(KhoLayout.all(), patches.get());
    try (WritableMemory memory = image.memory()) {
      patch(memory, image, patches);
      Setup setup = Setup.of(PageSize.SIZE_4K, List.of(), "fuzz").withLayout(layout);
      BootData handedOver;
      try {
        BootData boot = BootData.ofSetupData(memory, image.bootRecord());
        Generation generation = Generation.boot(memory, boot, setup);
        new Restorer(generation).restoreAndPreserve();
        handedOver = generation.handOver();
      } catch (KhoException e) {
        Restorer.check(e);
        return;
      }
      bootAgain(memory, handedOver, setup);
    }
  }

  private static <T> T pick(List<T> all, byte number) {
    return all.get(Byte.toUnsignedInt(number) % all.size());
  }

  /** The upper bits of a patch's offset say whether it sets, adds, or points at a page. */
  private static void patch(WritableMemory memory, RestorableImage image, ByteBuffer patches) {
    List<Long> pages = image.pages();
    while (patches.remaining() >= PATCH_BYTES) {
      long page = pages.get(Short.toUnsignedInt(patches.getShort()) % pages.size());
      int place = Short.toUnsignedInt(patches.getShort());
      long value = patches.getLong();
      int offset = place % (Overlay.PAGE - Long.BYTES + 1);
      MemorySegment word = memory.writable(page + offset, Long.BYTES);
      long patched =
          switch (place >>> 14) {
            case 0, 1 -> value;
            case 2 -> word.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) + value;
            default -> pages.get((int) Long.remainderUnsigned(value, pages.size()));
          };
      word.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, patched);
    }
  }

  private static void bootAgain(WritableMemory memory, BootData boot, Setup setup) {
    try {
      Generation.boot(memory, boot, setup).incoming().orElseThrow().releaseUnclaimed();
    } catch (KhoException e) {
      throw new AssertionError("what was handed over is not sound", e);
    }
  }
}
