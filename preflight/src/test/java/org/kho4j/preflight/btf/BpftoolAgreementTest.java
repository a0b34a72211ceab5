package org.kho4j.preflight.btf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.preflight.Resources;
import org.kho4j.preflight.image.RawBtf;

/**
 * Every structure has the fields, offsets and sizes that bpftool sees: of the test's kernel always,
 * of the kernels under {@code -Dkho.kernels=DIR} when bpftool is there.
 */
class BpftoolAgreementTest {

  @TempDir Path directory;

  private static Map<String, List<BpftoolDump.FieldPlace>> structs(Btf btf) throws IOException {
    Map<String, List<BpftoolDump.FieldPlace>> structs = new LinkedHashMap<>();
    for (BtfStruct struct : btf.structs()) {
      structs.put(
          structs.size()
              + (struct.union() ? " UNION " : " STRUCT ")
              + struct.name()
              + " "
              + struct.size(),
          struct.fields().stream()
              .map(field ->
                  new BpftoolDump.FieldPlace(field.name(), field.bitOffset(), field.bitSize()))
              .toList());
    }
    return structs;
  }

  private static int assertAgrees(byte[] btf, String dump) throws IOException {
    Btf read = Btf.parse(MemorySegment.ofArray(btf), "btf");
    BpftoolDump expected = new BpftoolDump(dump);

    assertThat(read.typeCount()).isEqualTo(expected.typeCount());
    Map<String, List<BpftoolDump.FieldPlace>> structs = structs(read);
    assertThat(structs).isNotEmpty().isEqualTo(expected.structs());
    return structs.size();
  }

  @Test
  void agreesWithWhatBpftoolSaidOfTheTestKernel() throws IOException {
    assertAgrees(
        Resources.bytes("small.btf"),
        new String(Resources.bytes("small.btf.txt"), StandardCharsets.UTF_8));
  }

  @Test
  void agreesWithBpftoolHere() throws IOException, InterruptedException {
    byte[] btf = Resources.bytes("small.btf");
    assertAgrees(btf, bpftool(btf));
  }

  @Test
  void agreesWithBpftoolOnKernelsHere() throws IOException, InterruptedException {
    List<Path> kernels = RawBtf.kernels();
    assumeTrue(!kernels.isEmpty(), "no -Dkho.kernels");
    for (Path kernel : kernels) {
      Optional<byte[]> btf = RawBtf.of(kernel);
      if (btf.isPresent()) {
        int structures = assertAgrees(btf.get(), bpftool(btf.get()));
        System.out.printf("%s: %,d structures%n", kernel, structures);
      }
    }
  }

  private String bpftool(byte[] btf) throws IOException, InterruptedException {
    Path file = Files.write(directory.resolve("btf"), btf);
    Path dump = directory.resolve("dump");
    int exit;
    try {
      exit =
          new ProcessBuilder("bpftool", "btf", "dump", "file", file.toString(), "format", "raw")
              .redirectOutput(dump.toFile())
              .start()
              .waitFor();
    } catch (IOException e) {
      exit = -1;
    }
    assumeTrue(exit == 0, "no bpftool");
    return Files.readString(dump);
  }
}
