package org.kho4j.fdt;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Linux 7.3.4's own blobs, made again by the calls that Linux made. */
class KernelBlobsTest {

  /** A root FDT, and its subtrees in the order in which the kernel added them. */
  record Root(String name, List<String> added) {}

  static List<Root> roots() {
    return List.of(
        new Root(
            "linux-7.3.4-gen1-running-root", List.of("kexec-metadata", "kho_test", "memblock")),
        new Root(
            "linux-7.3.4-jump-kho-test-root", List.of("kexec-metadata", "kho_test", "memblock")),
        new Root(
            "linux-7.3.4-jump-luo-root", List.of("kexec-metadata", "kho_test", "LUO", "memblock")),
        new Root(
            "linux-7.3.4-gen2-running-incoming-root",
            List.of("kexec-metadata", "kho_test", "LUO", "memblock")),
        new Root(
            "linux-7.3.4-gen2-running-outgoing-root", List.of("kexec-metadata", "LUO", "memblock")),
        new Root(
            "linux-7.3.4-arm64-16k-jump-luo-root",
            List.of("kexec-metadata", "kho_test", "LUO", "memblock")));
  }

  @ParameterizedTest
  @MethodSource("roots")
  void makesTheRootAgainWithTheWholePage(Root root) {
    byte[] kernels = KernelBlobs.load(root.name);
    FdtNode read = Fdt.read(MemorySegment.ofArray(kernels));
    MemorySegment page = page(kernels.length);

    FdtBuilder.create(page)
        .beginNode("")
        .property(FdtProperty.ofString("compatible", "kho-v4"))
        .property(read.property("preserved-memory-map").orElseThrow())
        .endNode()
        .finish();
    for (String subtree : root.added) {
      FdtNode node = read.child(subtree).orElseThrow();
      FdtEditor editor = FdtEditor.open(page);
      editor
          .root()
          .addSubnode(subtree)
          .set(node.property("preserved-data").orElseThrow())
          .set(node.property("blob-size").orElseThrow());
      editor.pack();
    }

    assertSameBytes(page, kernels);
  }

  @Test
  void makesTheRootAgainFromItsNumbersAlone() {
    MemorySegment page = page(4096);
    FdtBuilder.create(page)
        .beginNode("")
        .property(FdtProperty.ofString("compatible", "kho-v4"))
        .property(FdtProperty.ofU64("preserved-memory-map", 0x4ec000, LITTLE_ENDIAN))
        .endNode()
        .finish();
    addSubtree(page, "kexec-metadata", 0x4f3000, 73);
    addSubtree(page, "kho_test", 0x592000, 240);
    addSubtree(page, "memblock", 0x741000, 210);

    assertSameBytes(page, KernelBlobs.load("linux-7.3.4-gen1-running-root"));
  }

  @ParameterizedTest
  @ValueSource(strings = {KernelBlobs.GEN1_MEMBLOCK, KernelBlobs.ARM64_MEMBLOCK})
  void makesTheMemblockBlobAgain(String name) {
    byte[] kernels = KernelBlobs.load(name);
    FdtNode trace = Fdt.read(MemorySegment.ofArray(kernels)).child("trace").orElseThrow();
    MemorySegment page = page(4096);

    FdtBuilder.create(page)
        .beginNode("")
        .property(FdtProperty.ofString("compatible", "memblock-v1"))
        .beginNode("trace")
        .property(FdtProperty.ofString("compatible", "reserve-mem-v1"))
        .property(trace.property("start").orElseThrow())
        .property(FdtProperty.ofU64("size", 0x100000, LITTLE_ENDIAN))
        .endNode()
        .endNode()
        .finish();

    assertSameBytes(page.asSlice(0, kernels.length), kernels);
  }

  /**
   * The kernel's buffer is a page and 8 bytes for each of the test's folios, of which the x86-64
   * capture has two. It is compared to its end; of arm64's there is only the blob.
   */
  @ParameterizedTest
  @ValueSource(strings = {KernelBlobs.KHO_TEST, KernelBlobs.ARM64_KHO_TEST})
  void makesTheKhoTestBlobAgain(String name) {
    byte[] kernels = KernelBlobs.load(name);
    FdtNode data = Fdt.read(MemorySegment.ofArray(kernels)).child("data").orElseThrow();
    MemorySegment buffer = page(4096 + 2 * Long.BYTES);

    FdtBuilder builder =
        FdtBuilder.create(buffer)
            .beginNode("")
            .property(FdtProperty.ofString("compatible", "kho-test-v1"))
            .property(FdtProperty.ofU32("magic", 0x4b484f21, LITTLE_ENDIAN))
            .beginNode("data");
    for (String property : List.of("nr_folios", "folios_info", "csum")) {
      builder.property(data.property(property).orElseThrow());
    }
    builder.endNode().endNode().finish();

    assertSameBytes(buffer.asSlice(0, kernels.length), kernels);
  }

  /**
   * What remains in the page is from {@code fdt_finish}, which copies the strings down from the
   * buffer's end and does not clear what it copied. The edits that follow only grow the blob, over
   * the few bytes that {@code fdt_pack} leaves when it moves the blocks from 48 to 40.
   */
  @ParameterizedTest
  @FieldSource("org.kho4j.fdt.KernelBlobs#ROOTS")
  void theRestOfTheRootsPageIsZeroButForTheFirstStringsAtItsEnd(String name) {
    byte[] page = KernelBlobs.load(name);
    byte[] strings = "preserved-memory-map\0compatible\0".getBytes(StandardCharsets.US_ASCII);
    byte[] rest =
        Arrays.copyOfRange(
            page, (int) Fdt.totalSize(MemorySegment.ofArray(page)), page.length - strings.length);

    assertThat(Arrays.copyOfRange(page, page.length - strings.length, page.length))
        .isEqualTo(strings);
    assertThat(rest).containsOnly(0);
  }

  @Test
  void readsWhatTheRootSays() {
    MemorySegment page =
        MemorySegment.ofArray(KernelBlobs.load("linux-7.3.4-arm64-16k-jump-luo-root"));
    FdtNode root = Fdt.read(page);

    assertThat(root.property("compatible").orElseThrow().string()).isEqualTo("kho-v4");
    assertThat(root.property("preserved-memory-map").orElseThrow().u64(LITTLE_ENDIAN))
        .isEqualTo(0x42174000);
    assertThat(root.children())
        .extracting(FdtNode::name)
        .containsExactly("memblock", "LUO", "kho_test", "kexec-metadata");
    assertThat(root.child("LUO").orElseThrow().properties())
        .containsExactly(
            FdtProperty.ofU64("blob-size", 32, LITTLE_ENDIAN),
            FdtProperty.ofU64("preserved-data", 0x4248c000, LITTLE_ENDIAN));
    assertThat(Fdt.reservations(page)).isEmpty();
  }

  private static void addSubtree(MemorySegment page, String name, long address, long size) {
    FdtEditor editor = FdtEditor.open(page);
    editor
        .root()
        .addSubnode(name)
        .set(FdtProperty.ofU64("preserved-data", address, LITTLE_ENDIAN))
        .set(FdtProperty.ofU64("blob-size", size, LITTLE_ENDIAN));
    editor.pack();
  }

  /** A page with old content, as the kernel's may have. */
  private static MemorySegment page(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 0xa5);
    return MemorySegment.ofArray(bytes);
  }

  private static void assertSameBytes(MemorySegment actual, byte[] expected) {
    assertThat(HexFormat.of().formatHex(actual.toArray(ValueLayout.JAVA_BYTE)))
        .isEqualTo(HexFormat.of().formatHex(expected));
  }
}
