package example;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.content.ContentMemory;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Incoming;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.linux.LinuxMemory;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;

/** Reads what kernels handed over, and hands memory over from one generation to the next. */
public final class ReadAndHandOver {

  /** Physical address of the boot record, which leads the next generation to its handover. */
  private static final long BOOT_RECORD = 0x80000;

  private ReadAndHandOver() {}

  /** Reads each memory image that the arguments name, and then hands over in a temporary file. */
  public static void main(String[] images) throws IOException {
    for (String image : images) {
      read(Path.of(image));
    }
    Path directory = Files.createTempDirectory("kho4j-example-");
    Path ram = directory.resolve("ram");
    try {
      handOver(ram);
      System.out.printf("restored %x%n", restore(ram));
    } finally {
      Files.deleteIfExists(ram);
      Files.delete(directory);
    }
  }

  private static void read(Path image) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(image)) {
      for (Handover handover : Handovers.find(memory)) {
        if (!handover.hasMap()) {
          continue; // a kernel has taken it, or the image does not have its map
        }
        long preserved = handover.preservedMap().runs().mapToLong(BlockRun::bytes).sum();
        System.out.printf("%s: %d bytes preserved%n", handover.version(), preserved);
        for (Session session : sessions(handover)) {
          for (PreservedFile file : session.files().toList()) {
            String text = file.as(Memfd.HANDLER).map(memfd -> text(handover, memfd)).orElse("");
            System.out.printf("file %s/%#x: %s%n", session.name(), file.token(), text);
          }
        }
      }
    }
  }

  private static List<Session> sessions(Handover handover) {
    return handover.client(LiveUpdate.CLIENT).stream().flatMap(LiveUpdate::sessions).toList();
  }

  /** The text at the start of a memfd, up to a zero: a memfd may have any content and size. */
  private static String text(Handover handover, Memfd memfd) {
    Content content = memfd.content();
    if (content.size() == 0) {
      return "";
    }
    ContentMemory bytes = new ContentMemory(handover.memory(), content);
    byte[] start = bytes.read(0, Math.min(content.size(), 80)).toArray(ValueLayout.JAVA_BYTE);
    return new String(start, StandardCharsets.US_ASCII).split("\0", 2)[0];
  }

  private static void handOver(Path ram) throws IOException {
    Setup setup = Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(0, 1 << 20)), "example-1");
    try (WritableMemory memory = LinuxMemory.create(ram, 0, 64L << 20);
        Arena arena = Arena.ofConfined()) {
      Generation generation = Generation.first(memory, setup);
      OwnedArea area = generation.vmalloc(16L << 20, 0); // 4,096 pages
      area.map(arena).contiguous().orElseThrow().set(ValueLayout.JAVA_LONG, 0, 0x6b686f);
      MemorySegment blob = generation.segment(generation.addBlob("example", 16));
      generation.preserve(area).writeTo(blob); // the descriptor, which finds the area again
      generation.handOver().writeSetupData(memory, BOOT_RECORD);
    }
  }

  private static long restore(Path ram) throws IOException {
    try (WritableMemory memory = LinuxMemory.open(ram, 0);
        Arena arena = Arena.ofConfined()) {
      BootData boot = BootData.ofSetupData(memory, BOOT_RECORD);
      Setup setup = Setup.of(PageSize.SIZE_4K, List.of(), "example-2");
      Generation generation = Generation.boot(memory, boot, setup);
      Incoming incoming = generation.incoming().orElseThrow();
      Incoming.RestoredBlob blob = incoming.restoreBlob("example").orElseThrow();
      OwnedArea area = incoming.restore(blob.descriptor(0));
      incoming.finish(); // frees the map and the root FDT of the first generation
      return area.map(arena).contiguous().orElseThrow().get(ValueLayout.JAVA_LONG, 0);
    }
  }
}
