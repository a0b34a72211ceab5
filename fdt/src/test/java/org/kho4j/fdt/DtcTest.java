package org.kho4j.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The device tree compiler reads what we write, and we read what it writes, where it is installed.
 */
class DtcTest {

  @TempDir Path dir;

  @Test
  void understandsWhatWeWrite() throws Exception {
    assumeInstalled("dtc");
    for (long seed = 0; seed < 40; seed++) {
      FdtNode tree = new RandomTrees(seed).tree();
      Path blob = file("ours.dtb", Fdt.write(tree));
      Path source = dir.resolve("ours.dts");
      assertThat(run("dtc", "-I", "dtb", "-O", "dts", "-o", source, blob))
          .as("seed %d", seed)
          .isEmpty();
      Path again = dir.resolve("again.dtb");
      run("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", again, source);
      assertThat(Fdt.read(load(again))).as("seed %d", seed).isEqualTo(tree);
    }
  }

  @Test
  void understandsWhatWeEdited() throws Exception {
    assumeInstalled("dtc");
    MemorySegment page = MemorySegment.ofArray(KernelBlobs.load(KernelBlobs.ROOTS.getFirst()));
    FdtEditor editor = FdtEditor.open(page);
    editor.root().child("memblock").remove();
    editor.root().addSubnode("orders").set(FdtProperty.ofString("of", "kho4j"));
    MemorySegment blob = editor.pack();
    Path again = dir.resolve("again.dtb");
    assertThat(run("dtc", "-I", "dtb", "-O", "dtb", "-o", again, file("edited.dtb", blob)))
        .isEmpty();
    assertThat(Fdt.read(load(again))).isEqualTo(Fdt.read(blob));
  }

  @Test
  void fdtdumpShowsWhatWeRead() throws Exception {
    assumeInstalled("fdtdump");
    for (String name : KernelBlobs.ROOTS) {
      MemorySegment blob = MemorySegment.ofArray(KernelBlobs.load(name));
      List<String> shown =
          run("fdtdump", file("kernel.dtb", blob))
              .lines()
              .map(String::strip)
              .filter(line -> line.endsWith("{") || line.contains(" = "))
              .map(line -> line.replaceAll("( =)? .*", ""))
              .toList();
      List<String> read = new ArrayList<>();
      names(Fdt.read(blob), read);
      assertThat(shown).containsExactlyElementsOf(read);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"-V 17", "-V 16", "-V 16 -R 3", "-R 5", "-p 300", "-S 2000", "-a 64", "-b 1 -s"})
  void writesNothingThatWeCannotRead(String options) throws Exception {
    assumeInstalled("dtc");
    String source =
        """
        /dts-v1/;
        /memreserve/ 0x10000000 0x4000;
        / { compatible = "a", "b"; cells = <1 2>; bytes = [ff 00 1a]; empty;
            n@1 { label: m { size = <7>; blob-size = /bits/ 64 <8>; }; };
            o { ref = &label; }; };
        """;
    Path dts = Files.writeString(dir.resolve("a.dts"), source);
    Path dtb = dir.resolve("a.dtb");
    List<Object> command = new ArrayList<>(List.of("dtc", "-q"));
    command.addAll(List.of(options.split(" ")));
    command.addAll(List.of("-I", "dts", "-O", "dtb", "-o", dtb, dts));
    run(command.toArray());

    MemorySegment blob = load(dtb);
    FdtNode root = Fdt.read(blob);
    assertThat(root.property("compatible").orElseThrow().stringList()).containsExactly("a", "b");
    FdtNode m = root.child("n@1").orElseThrow().child("m").orElseThrow();
    assertThat(m.property("blob-size").orElseThrow().u64(ByteOrder.BIG_ENDIAN)).isEqualTo(8);
    assertThat(root.child("o").orElseThrow().property("ref")).isPresent();
    assertThat(Fdt.reservations(blob)).contains(new FdtReservation(0x10000000, 0x4000));
  }

  private static void names(FdtNode node, List<String> names) {
    names.add(node.name().isEmpty() ? "/" : node.name());
    node.properties().forEach(property -> names.add(property.name()));
    node.children().forEach(child -> names(child, names));
  }

  private static void assumeInstalled(String tool) {
    boolean installed =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
    assumeTrue(installed, tool + " is not installed");
  }

  private Path file(String name, MemorySegment bytes) throws IOException {
    return Files.write(dir.resolve(name), bytes.toArray(ValueLayout.JAVA_BYTE));
  }

  private static MemorySegment load(Path file) throws IOException {
    return MemorySegment.ofArray(Files.readAllBytes(file));
  }

  private String run(Object... command) throws IOException, InterruptedException {
    Path output = dir.resolve("output");
    Process process =
        new ProcessBuilder(Stream.of(command).map(Object::toString).toList())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    String text = new String(Files.readAllBytes(output), StandardCharsets.ISO_8859_1);
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }
}
