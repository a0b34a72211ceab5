package org.kho4j.fleet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.fleet.FleetOptions;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.preflight.KernelSource;
import org.kho4j.preflight.outgoing.OutgoingKernel;

/** {@code kho fleet} where Spark is: reads the kernels, has the hosts judged, shows the matrix. */
final class FleetJob {

  private static final String PAGE = "fleet.html";

  private FleetJob() {}

  static int run(Invocation invocation, FleetOptions options) throws IOException {
    try (SparkSession spark = SparkSession.builder().appName("kho fleet").getOrCreate()) {
      spark.sparkContext().setLogLevel("ERROR");
      return run(invocation, options, spark);
    }
  }

  private static int run(Invocation invocation, FleetOptions options, SparkSession spark)
      throws IOException {
    Configuration conf = spark.sparkContext().hadoopConfiguration();
    FleetKernels kernels = kernels(options.kernels(), conf);
    FleetOutput out =
        options.output().isEmpty()
            ? FleetOutput.temporary(conf)
            : new FleetOutput(new Path(options.output().get()), conf);
    try {
      List<InputFile> files = FleetInput.list(options.inputs(), conf);
      List<String> read = new ArrayList<>(options.kernels());
      files.forEach(file -> read.add(file.path()));
      out.prepare(options.resume(), options.replace(), read);
      FleetRun run = new FleetRun(spark, kernels, options.commandLine(), out, invocation::note);
      FleetRun.Result result = run.judge(files, new HostNames(options.host()));
      if (options.output().isPresent()) {
        out.write(PAGE, MatrixPage.of(result));
      }
      show(
          invocation,
          result,
          options.output().map(folder -> "; " + folder + "/" + PAGE).orElse(""));
      return result.matrix().isOk() ? Command.OK : Command.BAD_ANSWER;
    } finally {
      if (options.output().isEmpty()) {
        out.delete();
      }
    }
  }

  private static FleetKernels kernels(List<String> sources, Configuration conf) throws IOException {
    List<OutgoingKernel> kernels = new ArrayList<>();
    for (String source : sources) {
      Path path = new Path(source);
      FileSystem system = path.getFileSystem(conf);
      Path whole = system.makeQualified(path);
      try (FetchedFile fetched = FetchedFile.of(whole.toString(), conf, FetchedFile.MAX_COPIED)) {
        try {
          kernels.add(
              new KernelSource(new PreflightRun().invocation(), (_, _) -> {})
                  .onlyKernel(fetched.local()));
        } catch (IOException e) {
          throw new IOException(HostReader.sentence(e, fetched.local(), source), e);
        }
      }
    }
    return FleetKernels.of(kernels, sources);
  }

  private static void show(Invocation invocation, FleetRun.Result result, String page)
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
        text.line(
            "  "
                + (group.isEmpty() ? "-" : Units.printable(group))
                + ": "
                + answers(result.matrix().cell(group, kernel)));
      }
    }
    text.line("");
    text.line(
        "%s, %s; %s read%s"
            .formatted(
                Units.count(result.files(), "file", "files"),
                Units.count(result.contents(), "content", "contents"),
                Units.size(result.readBytes()),
                page));
  }

  private static String answers(Map<String, Long> cell) {
    List<String> words = new ArrayList<>();
    cell.forEach((answer, hosts) -> words.add(Units.count(hosts) + " " + answer));
    return String.join(", ", words);
  }

  private static void json(Json json, FleetRun.Result result) {
    json.document(Schema.FLEET);
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
