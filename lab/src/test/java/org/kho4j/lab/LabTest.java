package org.kho4j.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.abi.PageSize;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.scenario.Scenario;

class LabTest {

  private static final Path LAB = Path.of("").toAbsolutePath();

  /** With {@code -Plab} only: it builds kernels, and takes its time. */
  @Test
  @EnabledIfSystemProperty(named = "kho.lab", matches = ".+")
  void everyScenarioPassesOnEveryKernel() throws Exception {
    Process tools = new ProcessBuilder(LAB.resolve("tools").toString()).inheritIO().start();
    assertThat(tools.waitFor()).isZero();
    assertThat(Lab.run(LAB)).isZero();
  }

  @Test
  void aKernelIsWhatItsFileSays() throws Exception {
    assertThat(Kernel.names(LAB, "")).contains("x86_64-7.3", "arm64-7.3-64k");
    Kernel kernel = Kernel.described(LAB, "arm64-7.3-64k");
    assertThat(kernel.arch()).isEqualTo(Arch.ARM64);
    assertThat(kernel.pageSize()).isEqualTo(PageSize.SIZE_64K);
    assertThat(kernel.changed()).isFalse();
    assertThat(Kernel.described(LAB, "x86_64-7.3-kho-v5").changed()).isTrue();
  }

  @Test
  void scenariosHaveNamesOfTheirOwn() {
    assertThat(Scenario.all()).extracting(Scenario::name).doesNotHaveDuplicates();
  }

  @Test
  void guestsWithAJvmBootAKernelOfTheirFamily() throws Exception {
    Kernel plain = Kernel.described(LAB, "x86_64-7.2");
    for (Scenario scenario : Scenario.all()) {
      String expected = scenario.family().isEmpty() ? "x86_64-7.2" : "java/7.2";
      assertThat(scenario.boots(LAB, plain).name()).as(scenario.name()).isEqualTo(expected);
    }
    assertThat(Scenario.all()).extracting(Scenario::family).contains("java");
  }

  /**
   * A build of the command that waits for something must not hold a scenario for ever. The shell
   * would end with 0 if its child were killed first; the FIFO ends with the last of the two.
   */
  @Test
  @Timeout(60)
  void aProcessEndsWithTheTimeOfItsRun(@TempDir Path directory) throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Kernel kernel = Kernel.described(LAB, "x86_64-7.3");
    Process shell =
        new ProcessBuilder("sh", "-c", "sleep 600 >\"$1\" & wait", "sh", fifo.toString()).start();
    try (InputStream child = Files.newInputStream(fifo);
        Run run = new Run(LAB, directory.resolve("run"), kernel, Duration.ZERO, false, null)) {
      assertThat(run.waitFor(shell)).isFalse();
      assertThat(shell.waitFor()).isEqualTo(128 + 9);
      assertThat(child.read()).isEqualTo(-1);
    }
  }

  @Test
  void aProcessThatEndsInTimeEndsByItself(@TempDir Path directory) throws Exception {
    Kernel kernel = Kernel.described(LAB, "x86_64-7.3");
    try (Run run = new Run(LAB, directory, kernel, Duration.ofMinutes(1), false, null)) {
      assertThat(run.waitFor(new ProcessBuilder("true").start())).isTrue();
    }
  }

  @Test
  void whatIsAskedForHasToExist() {
    assertThatThrownBy(() -> Options.parse("--fats"))
        .isInstanceOf(LabFailure.class)
        .hasMessageContaining("--fats");
    assertThat(Options.parse("moments", "--fast").which()).containsExactly("moments");
  }
}
