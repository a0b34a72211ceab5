package org.kho4j.fleet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.kho4j.cli.fleet.FleetCommand;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.preflight.KernelSource;
import org.kho4j.preflight.CommandLine;
import org.kho4j.preflight.Profile;

/** {@code kho fleet} where Spark is: reads the kernels, has the hosts judged, shows the matrix. */
public final class FleetJob extends FleetCommand {

  public FleetJob() {}

  @Override
  public int run(Invocation invocation) throws IOException {
    check(invocation);
    try (SparkSession spark = SparkSession.builder().appName("kho fleet").getOrCreate()) {
      spark.sparkContext().setLogLevel("ERROR");
      return run(invocation, spark);
    }
  }

  private static int run(Invocation invocation, SparkSession spark) throws IOException {
    Configuration conf = spark.sparkContext().hadoopConfiguration();
    Optional<String> line = Optional.ofNullable(invocation.value("--cmdline", String.class));
    List<String> sources = strings(invocation, "--to");
    Kernels kernels = kernels(sources, conf);
    String output = output(invocation);
    FleetOutput out = output.isEmpty() ? FleetOutput.temporary(conf) : new FleetOutput(new Path(output), conf);
    try {
      out.prepare(invocation.flag("--resume"), invocation.flag("--replace"));
      FleetRun run = new FleetRun(spark, kernels, line, out, sentence -> invocation.note(sentence));
      List<String> inputs = invocation.parameters(0);
      FleetRun.Result result = run.judge(InputFiles.list(inputs, conf), new HostNames(host(invocation)));
      if (!output.isEmpty()) {
        out.write("fleet.html", MatrixPage.of(result));
      }
      show(invocation, result, output);
      return result.matrix().isOk() ? OK : BAD_ANSWER;
    } finally {
      if (output.isEmpty()) {
        out.delete();
      }
    }
  }

  private static Kernels kernels(List<String> sources, Configuration conf) throws IOException {
    List<Profile> profiles = new ArrayList<>();
    for (String source : sources) {
      Path path = new Path(source);
      FileSystem system = path.getFileSystem(conf);
      Path whole = system.makeQualified(path);
      InputFile file = new InputFile(whole.toString(), 0, 0, "", "");
      try (FetchedFile fetched = FetchedFile.of(file, conf)) {
        try {
          profiles.add(
              new KernelSource(new PreflightRun().invocation(), (_, _) -> {})
                  .onlyKernel(fetched.local())
                  .profile());
        } catch (IOException e) {
          throw new IOException(HostReader.sentence(e, fetched.local(), source), e);
        }
      }
    }
    return Kernels.of(profiles, sources);
  }

  private static void show(Invocation invocation, FleetRun.Result result, String output)
      throws IOException {
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json(json, result);
      }
      return;
    }
    Text text = invocation.text();
    for (String kernel : result.matrix().kernels()) {
      text.line(kernel + ": " + answers(result.matrix().total(kernel)));
      for (String group : result.matrix().groups()) {
        text.line("  " + (group.isEmpty() ? "-" : Units.printable(group)) + ": " + answers(result.matrix().cell(group, kernel)));
      }
    }
    text.line("");
    text.line(
        "%s, %s; %s read%s"
            .formatted(
                Units.count(result.files(), "file", "files"),
                Units.count(result.contents(), "content", "contents"),
                Units.size(result.readBytes()),
                output.isEmpty() ? "" : "; " + output + "/fleet.html"));
  }

  private static String answers(Map<String, Long> cell) {
    List<String> words = new ArrayList<>();
    cell.forEach((answer, hosts) -> words.add(Units.count(hosts) + " " + answer));
    return String.join(", ", words);
  }

  private static void json(Json json, FleetRun.Result result) {
    json.object().text("schema", "kho4j/fleet/1");
    json.number("files", result.files()).number("contents", result.contents());
    json.number("judged", result.judged()).number("readBytes", result.readBytes());
    json.array("cells");
    for (String kernel : result.matrix().kernels()) {
      for (String group : result.matrix().groups()) {
        json.object().text("kernel", kernel).text("group", group);
        json.object("hosts");
        result.matrix().cell(group, kernel).forEach(json::number);
        json.endObject().endObject();
      }
    }
    json.endArray().endObject();
  }
}
