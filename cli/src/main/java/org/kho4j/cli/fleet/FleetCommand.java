package org.kho4j.cli.fleet;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code kho fleet INPUT… --to KERNEL…}. Here it starts Apache Spark in a JVM of its own; module
 * {@code fleet} has what Spark runs then, by the same command line.
 */
public final class FleetCommand extends Command {

  /** The whole path is the host's name, its folder the group. */
  private static final Pattern HOST = Pattern.compile("(?<group>[^/]*)/(?<host>[^/]+)$");

  /** Spark's master if none is given: all cores of this machine. */
  private static final String LOCAL = "local[*]";

  private final Job job;

  /** Judges a fleet, here or in another JVM. */
  @FunctionalInterface
  public interface Job {
    /**
     * Judges the hosts and shows the verdicts.
     *
     * @return {@link Command#OK}, {@link Command#BAD_ANSWER} or {@link Command#FAILED}
     */
    int run(Invocation invocation, FleetOptions options) throws IOException;
  }

  /** The command that starts Spark. */
  public FleetCommand() {
    this(SparkProcess::run);
  }

  /** The command where Spark is. */
  public FleetCommand(Job job) {
    super(
        "fleet",
        "Predicts for every host of a fleet and every kernel whether the kernel accepts the"
            + " handover, on Apache Spark.",
        "INPUT is a directory or a glob on any file system that Hadoop reads (hdfs://,"
            + " s3a://, or a local path), with one file for each host: a memory image, a profile"
            + " (preflight --save-profile) or a document of inspect --json. KERNEL is a file that"
            + " kho preflight accepts, an image or a profile, on the same file systems.",
        "The verdict for a host and a kernel is that of kho preflight --from FILE --to KERNEL. An"
            + " unreadable file becomes a row with an error.",
        "OUT gets the Parquet tables hosts and verdicts, and fleet.html, a page with a matrix of host groups and kernels.",
        "The command uses the Spark in SPARK_HOME. Without SPARK_HOME, ./kho in a clone fetches"
            + " Spark by Maven at the first use (about 200 MB, into fleet/target/spark).",
        "Exit status: 0 if every verdict is ok, 1 if a verdict is not ok or a file cannot be"
            + " read, 2 if no file was judged.");
    example("kho fleet captures --to bzImage-7.3.4 bzImage-7.4 -o out");
    example(
        "kho fleet 'hdfs://nn/captures/*/*.zst' --to bzImage --master spark://host:7077 -o hdfs://nn/out");
    parameter(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("1..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("INPUT")
            .description("Directories, files and globs, with a file for each host."));
    option(
        OptionSpec.builder("--to")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .arity("1..*")
            .required(true)
            .paramLabel("KERNEL")
            .description("The next kernels."));
    option(
        OptionSpec.builder("-o", "--output")
            .type(String.class)
            .paramLabel("OUT")
            .description(
                "The directory to write, on any file system that Hadoop writes. Without it, the"
                    + " command only prints the matrix."));
    option(flag("--resume", "Continues an existing OUT: skips files that are already judged."));
    option(flag("--replace", "Replaces an existing OUT."));
    option(
        OptionSpec.builder("--host")
            .type(Pattern.class)
            .converters(FleetCommand::hostPattern)
            .paramLabel("REGEX")
            .description(
                "Finds host and group in the path of a file, by the named groups 'host' and,"
                    + " optionally, 'group'. Default: the file's name, and the name of its"
                    + " directory."));
    option(
        OptionSpec.builder("--cmdline")
            .type(String.class)
            .paramLabel("TEXT")
            .description("The next kernels' command line, as for kho preflight."));
    option(
        OptionSpec.builder("--master")
            .type(String.class)
            .defaultValue(LOCAL)
            .paramLabel("URL")
            .description("Spark's master. Default: " + LOCAL + ", all cores of this machine."));
    option(
        OptionSpec.builder("--conf")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("KEY=VALUE")
            .description("A setting of Spark; may be given several times."));
    opensNoImage();
    this.job = job;
  }

  private static OptionSpec.Builder flag(String name, String description) {
    return OptionSpec.builder(name).type(boolean.class).arity("0").description(description);
  }

  private static Pattern hostPattern(String text) {
    try {
      Pattern pattern = Pattern.compile(text);
      if (!pattern.namedGroups().containsKey("host")) {
        throw new TypeConversionException(
            "'" + text + "' has no group with the name 'host': (?<host>[^/]+)");
      }
      return pattern;
    } catch (PatternSyntaxException e) {
      throw new TypeConversionException(
          "'" + text + "' is not a regular expression: " + e.getDescription());
    }
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Pattern host = invocation.value("--host", Pattern.class);
    String master = invocation.value("--master", String.class);
    FleetOptions options =
        new FleetOptions(
            invocation.parameters(0),
            strings(invocation, "--to"),
            Optional.ofNullable(invocation.value("--output", String.class)),
            invocation.flag("--resume"),
            invocation.flag("--replace"),
            host == null ? HOST : host,
            Optional.ofNullable(invocation.value("--cmdline", String.class)),
            master == null ? LOCAL : master,
            strings(invocation, "--conf"));
    if (options.resume() && options.replace()) {
      throw invocation.wrong("--resume and --replace exclude each other");
    }
    if (options.output().isEmpty() && (options.resume() || options.replace())) {
      throw invocation.wrong("--resume and --replace need an output: give -o OUT");
    }
    if (options.output().isEmpty() && !options.isLocal()) {
      throw invocation.wrong(
          "the machines of %s need an output that all of them can reach: give -o OUT"
              .formatted(options.master()));
    }
    return job.run(invocation, options);
  }

  private static List<String> strings(Invocation invocation, String option) {
    List<?> values = invocation.value(option, List.class);
    return values == null ? List.of() : values.stream().map(String.class::cast).toList();
  }
}
