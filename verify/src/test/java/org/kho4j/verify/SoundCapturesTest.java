package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Severity;

/** What real kernels wrote is sound. */
class SoundCapturesTest {

  static List<Path> captures() throws IOException {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(project.resolve("examples"))) {
      project = project.getParent();
    }
    List<Path> found = new ArrayList<>();
    for (String directory :
        List.of(
            "examples",
            "cli/src/test/resources/org/kho4j/cli/captures",
            "cli/src/test/resources/org/kho4j/cli/captures/lab",
            "../shared/captures",
            "../../shared/captures")) {
      Path path = project.resolve(directory);
      if (Files.isDirectory(path)) {
        try (Stream<Path> files = Files.list(path)) {
          files.filter(file -> file.toString().matches(".*\\.(zst|kdump)")).forEach(found::add);
        }
      }
    }
    return found;
  }

  @ParameterizedTest
  @MethodSource("captures")
  void isCleanOfErrors(Path capture) throws IOException {
    List<Finding> findings = new ArrayList<>();
    try (PhysicalMemory memory = MemoryImages.open(capture, OpenOptions.DEFAULT)) {
      Checked checked =
          Verifier.verify(Handovers.find(memory), Verifier.Options.ALL, findings::add);
      assertThat(checked.counts()).containsKeys("handovers", "mapNodes", "preservations");
      assertThat(checked.counts().get("subtrees")).isGreaterThanOrEqualTo(3);
      assertThat(checked.counts()).containsEntry("unclaimedBytes", 0L);
    }
    System.out.println(capture.getFileName() + ": " + findings);
    assertThat(findings)
        .as("%s", findings)
        .allSatisfy(finding -> assertThat(finding.rule().severity()).isEqualTo(Severity.INFO));
  }
}
