package org.kho4j.handover.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.PreservationException;

class ChosenNodeTest {

  private static final BootData BOOT = new BootData(0x42178000L, 0x4000, 0x4a2f0000L, 48);

  @TempDir Path directory;

  /** A machine's tree with a node of another kind before {@code /chosen}. */
  private static MemorySegment machine(int addressCells, int sizeCells, boolean chosen) {
    FdtBuilder builder =
        FdtBuilder.create(MemorySegment.ofArray(new byte[2048]))
            .beginNode("")
            .property(FdtProperty.ofU32("#address-cells", addressCells, ByteOrder.BIG_ENDIAN))
            .property(FdtProperty.ofU32("#size-cells", sizeCells, ByteOrder.BIG_ENDIAN))
            .beginNode("memory@40000000")
            .property(FdtProperty.ofString("device_type", "memory"))
            .endNode();
    if (chosen) {
      builder.beginNode("chosen").property(FdtProperty.ofString("bootargs", "kho=on")).endNode();
    }
    return builder.endNode().finish();
  }

  private static FdtNode chosen(MemorySegment tree) {
    return Fdt.read(tree).child("chosen").orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"2, 2, true", "2, 2, false", "2, 1, true", "1, 1, false", "1, 2, true"})
  void readsWhatItAdded(int addressCells, int sizeCells, boolean chosen) {
    MemorySegment tree = machine(addressCells, sizeCells, chosen);
    byte[] before = tree.toArray(ValueLayout.JAVA_BYTE);

    MemorySegment with = ChosenNode.addTo(tree, BOOT);

    assertThat(ChosenNode.read(Fdt.read(with))).contains(BOOT);
    assertThat(ChosenNode.read(Fdt.read(tree))).isEmpty();
    assertThat(tree.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
    assertThat(Fdt.read(with).children())
        .extracting(FdtNode::name)
        .contains("memory@40000000", "chosen");
  }

  @Test
  void writesBigEndianCells() {
    FdtNode chosen = chosen(ChosenNode.alone(BOOT));

    assertThat(hex(chosen, "linux,kho-fdt")).isEqualTo("00000000421780000000000000004000");
    assertThat(hex(chosen, "linux,kho-scratch")).isEqualTo("000000004a2f00000000000000000030");
  }

  private static String hex(FdtNode node, String property) {
    return HexFormat.of()
        .formatHex(node.property(property).orElseThrow().value().toArray(ValueLayout.JAVA_BYTE));
  }

  @Test
  void keepsTheOtherPropertiesAndReplacesAnOlderRecord() {
    MemorySegment once = ChosenNode.addTo(machine(2, 2, true), BOOT);
    BootData newer = new BootData(0x50000000L, 0x10000, 0x51000000L, 16);

    MemorySegment twice = ChosenNode.addTo(once, newer);

    assertThat(ChosenNode.read(Fdt.read(twice))).contains(newer);
    assertThat(chosen(twice).property("bootargs").orElseThrow().string()).isEqualTo("kho=on");
    assertThat(chosen(twice).properties()).hasSize(3);
  }

  @Test
  void aTreeWithOnePropertyHasNoRecord() {
    MemorySegment tree =
        FdtBuilder.create(MemorySegment.ofArray(new byte[512]))
            .beginNode("")
            .beginNode("chosen")
            .property(FdtProperty.ofBytes("linux,kho-fdt", new byte[12]))
            .endNode()
            .endNode()
            .finish();

    assertThat(ChosenNode.read(Fdt.read(tree))).isEmpty();
  }

  @Test
  void refusesAPropertyThatIsNotOnePair() {
    MemorySegment tree =
        FdtBuilder.create(MemorySegment.ofArray(new byte[512]))
            .beginNode("")
            .beginNode("chosen")
            .property(FdtProperty.ofBytes("linux,kho-fdt", new byte[16]))
            .property(FdtProperty.ofBytes("linux,kho-scratch", new byte[12]))
            .endNode()
            .endNode()
            .finish();

    // A root without #address-cells and #size-cells has two and one of them.
    assertThatThrownBy(() -> ChosenNode.read(Fdt.read(tree)))
        .isInstanceOf(HandoverException.class)
        .hasMessage("/chosen: linux,kho-fdt has 16 bytes, not the 12 of one address and one size");
  }

  /** The header promises more than there is, up to more than a JVM has. */
  @ParameterizedTest
  @ValueSource(ints = {0x1000, 0x60000000, 0xffffff00})
  void refusesATreeThatIsNotAllThere(int totalSize) {
    MemorySegment cut = machine(2, 2, true);
    cut.set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 4, totalSize);

    assertThatThrownBy(() -> ChosenNode.addTo(cut, BOOT)).isInstanceOf(FdtException.class);
  }

  @Test
  void refusesAnAddressThatDoesNotFitTheCells() {
    BootData high = new BootData(0x1_4217_8000L, 0x4000, 0x4a2f0000L, 48);

    assertThatThrownBy(() -> ChosenNode.addTo(machine(1, 1, true), high))
        .isInstanceOf(PreservationException.class)
        .hasMessage("/chosen: linux,kho-fdt: 0x142178000 does not fit one cell");
    assertThatThrownBy(() -> ChosenNode.addTo(machine(3, 1, true), BOOT))
        .hasMessage("/: #address-cells is 3, but only 1 or 2 cells can hold a number");
    MemorySegment longer =
        FdtBuilder.create(MemorySegment.ofArray(new byte[512]))
            .beginNode("")
            .property(FdtProperty.ofBytes("#size-cells", new byte[8]))
            .endNode()
            .finish();
    assertThatThrownBy(() -> ChosenNode.addTo(longer, BOOT))
        .isInstanceOf(HandoverException.class)
        .hasMessage("/: #size-cells has 8 bytes, not 4");
  }

  @Test
  void dtcAndFdtgetReadTheSame() throws IOException, InterruptedException {
    assumeThat(Path.of("/usr/bin/fdtget")).exists();
    assumeThat(Path.of("/usr/bin/dtc")).exists();
    Path file = directory.resolve("tree.dtb");
    Files.write(file, ChosenNode.addTo(machine(2, 2, true), BOOT).toArray(ValueLayout.JAVA_BYTE));

    assertThat(run("fdtget", "-tx", file.toString(), "/chosen", "linux,kho-fdt"))
        .isEqualTo("0 42178000 0 4000\n");
    assertThat(run("fdtget", "-tx", file.toString(), "/chosen", "linux,kho-scratch"))
        .isEqualTo("0 4a2f0000 0 30\n");
    assertThat(run("dtc", "-q", "-I", "dtb", "-O", "dts", file.toString()))
        .contains("linux,kho-fdt = <0x00 0x42178000 0x00 0x4000>;", "bootargs = \"kho=on\";");
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
