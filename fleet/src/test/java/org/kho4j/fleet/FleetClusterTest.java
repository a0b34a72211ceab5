package org.kho4j.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A master and two workers in processes of their own, of which one is killed with its executor
 * while the job runs. {@code fleet/proof cluster} runs it: on a loaded machine the job may end
 * before the worker can be killed, so it is no test of the build.
 */
@EnabledIfSystemProperty(named = "kho.fleet.cluster", matches = "true")
class FleetClusterTest {

  private static final int HOSTS = Integer.getInteger("kho.fleet.hosts", 40);

  @TempDir Path temporary;

  @Test
  void theResultIsTheSameWhenAWorkerIsKilled() throws IOException, InterruptedException {
    KnownMatrix known = KnownMatrix.read();
    Path folder = temporary.resolve("fleet");
    List<FleetGenerator.Made> hosts = new FleetGenerator(2).make(folder, HOSTS);
    Path output = temporary.resolve("out");
    long start = System.nanoTime();
    try (StandaloneCluster cluster =
        new StandaloneCluster(Files.createDirectory(temporary.resolve("cluster")))) {
      cluster.worker("worker-1");
      Process doomed = cluster.worker("worker-2");
      Process job = cluster.submit(KnownMatrix.arguments(folder, known.kernels(), output));
      StandaloneCluster.await(
          "a task has written, or the job has ended",
          () -> !job.isAlive() || hasPart(output.resolve("contents/_temporary")));
      assertThat(job.isAlive()).as(cluster.log("submit")).isTrue();
      assertThat(doomed.descendants()).as("executors of the worker").isNotEmpty();

      StandaloneCluster.kill(doomed);

      assertThat(job.waitFor()).as(cluster.log("submit")).isEqualTo(1);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    assertThat(FleetMatrixTest.cells(output)).isEqualTo(known.cells(hosts));
    System.out.printf(
        "%d hosts, %d kernels, a worker killed, %.1f s%n",
        hosts.size(), known.kernels().size(), seconds);
  }

  private static boolean hasPart(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.anyMatch(file -> file.getFileName().toString().startsWith("task_"));
    } catch (NoSuchFileException notYet) {
      return false;
    } catch (UncheckedIOException vanished) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
