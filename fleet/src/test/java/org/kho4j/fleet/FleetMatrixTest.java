package org.kho4j.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.Kho;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.fleet.FleetCommand;
import org.kho4j.cli.output.Console;

/**
 * A fleet of known hosts: every cell is what is known. {@code -Dkho.fleet.hosts=10000} makes it
 * large.
 */
class FleetMatrixTest {

  private static final int HOSTS = Integer.getInteger("kho.fleet.hosts", 40);
  private static final long SEED = Long.getLong("kho.fleet.seed", 1);

  @TempDir Path temporary;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void everyCellIsWhatIsKnown() throws IOException {
    KnownMatrix known = KnownMatrix.read();
    Path folder = temporary.resolve("fleet");
    List<FleetGenerator.Made> hosts = new FleetGenerator(SEED).make(folder, HOSTS);
    Path output = temporary.resolve("out");
    List<String> arguments = KnownMatrix.arguments(folder, known.kernels(), output);
    long start = System.nanoTime();

    assertThat(run(arguments))
        .as(err.toString(StandardCharsets.UTF_8))
        .isEqualTo(Command.BAD_ANSWER);

    System.out.printf(
        "%d hosts, %d kernels, %.1f s%n",
        HOSTS, known.kernels().size(), (System.nanoTime() - start) / 1e9);
    assertThat(cells(output)).isEqualTo(known.cells(hosts));
    long contents = hosts.stream().map(FleetGenerator.Made::contentOf).distinct().count();
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("%,d files, %,d contents, %,d to judge".formatted(HOSTS, contents, contents));
    assertThat(output.resolve("fleet.html")).isNotEmptyFile();
    assertThat(page(output)).contains("rack-00").doesNotContain("src=", "http:", "https:");

    assertThat(run(arguments)).isEqualTo(Command.FAILED);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("--resume continues it");

    List<String> again = new ArrayList<>(arguments);
    again.add("--resume");
    err.reset();
    assertThat(run(again)).isEqualTo(Command.BAD_ANSWER);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains(" 0 to judge");
    assertThat(cells(output)).isEqualTo(known.cells(hosts));

    Path inside =
        Files.writeString(Files.createDirectory(output.resolve("kept")).resolve("host"), "a host");
    List<String> replacing = new ArrayList<>(arguments);
    replacing.add(1, inside.toString());
    replacing.add("--replace");
    assertThat(run(replacing)).isEqualTo(Command.FAILED);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("kept/host: is read by this command, so ");
    assertThat(inside).hasContent("a host");
  }

  private static String page(Path output) throws IOException {
    return Files.readString(output.resolve("fleet.html"));
  }

  private int run(List<String> arguments) {
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
    System.setProperty("spark.driver.bindAddress", "127.0.0.1");
    System.setProperty("spark.driver.host", "127.0.0.1");
    return new Kho(
            new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), false, false),
            "",
            _ -> List.of(new FleetCommand(FleetJob::run)))
        .run(arguments.toArray(String[]::new));
  }

  /** The answers by {@code group/host kernel}, out of the table. */
  static Map<String, String> cells(Path output) throws IOException {
    Map<String, String> cells = new TreeMap<>();
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()) {
      for (Row row :
          spark
              .read()
              .parquet(output.resolve("verdicts").toString())
              .select("host_group", "host", "kernel", "verdict")
              .collectAsList()) {
        String verdict = row.getString(3);
        cells.put(
            "%s/%s %s".formatted(row.getString(0), row.getString(1), row.getString(2)),
            verdict.isEmpty() ? "error" : verdict);
      }
    }
    return cells;
  }

  @Test
  void groupsAreSortedWorstFirst() {
    Matrix matrix = new Matrix(List.of("k"));
    matrix.add("fine", "k", "ok", 9);
    matrix.add("bad", "k", "lost", 1);
    matrix.add("worst", "k", "panic", 1);
    matrix.add("lossy", "k", "lost", 2);

    assertThat(matrix.groups()).containsExactly("worst", "lossy", "bad", "fine");
  }
}
