package org.kho4j.cli.demo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Incoming;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.linux.Linux;
import org.kho4j.linux.LinuxMemory;
import org.kho4j.memory.ScatteredView;
import org.kho4j.memory.WritableMemory;

/**
 * A JVM of the demo: the first fills an area and hands it over, the second takes it and checks it.
 */
public final class DemoGeneration {

  /** The subtree that holds the area's descriptor. */
  public static final String SUBTREE = "demo";

  /** Status of a JVM that found something wrong. */
  static final int DIFFERENT = 1;

  /** Status of a JVM that could not do its work. */
  private static final int FAILED = 2;

  private static final PageSize PAGES = PageSize.SIZE_4K;
  private static final String RELEASE = "kho4j-demo";
  private static final long SEED = 20261122;

  /** Room for the boot record, and for the array of regions 64 KiB before it. */
  private static final long SCRATCH_BYTES = 1 << 20;

  private static final long BOOT_RECORD = SCRATCH_BYTES / 2;

  private DemoGeneration() {}

  /**
   * Runs one JVM.
   *
   * @param args {@code first FILE BYTES ORDER}, or {@code second FILE}
   */
  public static void main(String[] args) {
    Steps steps = new Steps(System.out);
    Path file = Path.of(args[1]);
    try {
      if (args[0].equals("first")) {
        first(file, Long.parseLong(args[2]), Integer.parseInt(args[3]), steps);
      } else if (!second(file, steps)) {
        System.exit(DIFFERENT);
      }
    } catch (IOException e) {
      System.err.println("kho: " + e.getMessage());
      System.exit(FAILED);
    }
  }

  private static void first(Path file, long bytes, int order, Steps steps) throws IOException {
    // A quarter more than the area, so that there is somewhere to scatter it to.
    long size = SCRATCH_BYTES + Math.ceilDiv(bytes + bytes / 4 + (64 << 20), 1 << 21) * (1 << 21);
    try (WritableMemory memory =
            Linux.isSupported()
                ? LinuxMemory.create(file, 0, size)
                : WritableMemory.create(file, 0, size);
        Arena arena = Arena.ofConfined()) {
      Setup setup =
          Setup.of(PAGES, List.of(new AddressRange(0, SCRATCH_BYTES)), RELEASE).scattered(SEED);
      Generation generation = Generation.first(memory, setup);
      steps.done("create memory", () -> Units.size(size) + ", sparse");

      OwnedArea area = generation.vmalloc(bytes, order);
      steps.done("allocate", () -> describe(area));

      ScatteredView view = map(area, arena, steps);

      view.forEachRun((offset, piece) -> DemoPattern.fill(piece, offset));
      steps.done("fill", () -> "every word differs");

      Descriptor descriptor = generation.preserve("/" + SUBTREE, area);
      Folio blob = generation.addBlob(SUBTREE, KhoVmalloc.STRUCTURE.headerSize());
      descriptor.writeTo(generation.segment(blob));
      steps.done(
          "preserve",
          () ->
              "descriptor of %s at 0x%x"
                  .formatted(
                      Units.count(descriptor.totalPages(), "page", "pages"), blob.address()));

      BootData boot = generation.handOver();
      boot.writeSetupData(memory, BOOT_RECORD);
      steps.done(
          "hand over",
          () -> "root FDT at 0x%x, boot record at 0x%x".formatted(boot.fdtAddress(), BOOT_RECORD));
    }
  }

  private static ScatteredView map(OwnedArea area, Arena arena, Steps steps) {
    ScatteredView view = area.map(arena);
    steps.done(
        "map",
        () ->
            view.contiguous().isPresent()
                ? "as one segment"
                : "piece by piece: too many pieces for one segment");
    return view;
  }

  private static String describe(OwnedArea area) {
    return "%s of %s, scattered in %s"
        .formatted(
            Units.count(area.bytes() / PAGES.blockBytes(area.order()), "block", "blocks"),
            Units.size(PAGES.blockBytes(area.order())),
            Units.count(area.runs().count(), "place", "places"));
  }

  private static boolean second(Path file, Steps steps) throws IOException {
    try (WritableMemory memory =
            Linux.isSupported() ? LinuxMemory.open(file, 0) : WritableMemory.open(file, 0);
        Arena arena = Arena.ofConfined()) {
      steps.done("open memory", () -> Units.size(memory.size()));

      BootData boot = BootData.ofSetupData(memory, BOOT_RECORD);
      Generation generation = Generation.boot(memory, boot, Setup.of(PAGES, List.of(), RELEASE));
      Incoming incoming = generation.incoming().orElseThrow();
      steps.done("boot", () -> "kexec %d by its count".formatted(incoming.kexecCount()));

      Incoming.RestoredBlob blob = incoming.restoreBlob(SUBTREE).orElseThrow();
      OwnedArea area = incoming.restore(blob.descriptor(0));
      generation.free(blob.folio());
      steps.done("restore", () -> describe(area));

      ScatteredView view = map(area, arena, steps);

      long[] different = {-1};
      view.forEachRun((offset, piece) -> verify(piece, offset, different));
      if (different[0] >= 0) {
        int run = area.runs().indexOf(different[0]);
        long physical = area.runs().address(run) + different[0] - area.runs().offset(run);
        steps.done(
            "verify",
            () -> "DIFFERENT at byte %d, physical address 0x%x".formatted(different[0], physical));
        return false;
      }
      steps.done("verify", () -> "every byte is unchanged");

      long[] unclaimed = new long[1];
      incoming.forEachUnclaimed((order, address, bytes) -> unclaimed[0] += bytes);
      incoming.finish();
      steps.done("finish", () -> Units.size(unclaimed[0]) + " left over without a claim");
      return unclaimed[0] == 0;
    }
  }

  private static void verify(MemorySegment piece, long offset, long[] different) {
    if (different[0] < 0) {
      different[0] = DemoPattern.firstDifference(piece, offset);
    }
  }
}
