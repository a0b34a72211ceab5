package org.kho4j.fleet;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.when;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.util.SerializableConfiguration;
import org.kho4j.cli.output.Units;
import org.kho4j.preflight.host.CommandLine;

/** The stages of the job. */
final class FleetRun {

  /** Contents that are judged between two writes: a run that is stopped resumes there. */
  private static final int BATCH = 20_000;

  /** Contents of a task: what a lost executor costs, and more than a task's own cost. */
  private static final int PER_TASK = 100;

  /** Rows of the tables that a task joins. */
  private static final int ROWS_OF_A_SHUFFLE = 10_000;

  /** Hosts of a cell that the page lists. */
  static final int LISTED = 20;

  /**
   * The answers.
   *
   * @param contents different ones, of the files that can be read
   * @param judged contents that this run read, the others were there
   * @param readBytes by this run, without what was read to tell contents apart
   * @param worst the worst hosts of each cell
   */
  record Result(
      Matrix matrix,
      long files,
      long contents,
      long judged,
      long readBytes,
      List<ListedHost> worst) {}

  /** A host in a cell of the page. */
  record ListedHost(
      String group, String kernel, String host, String answer, String because, String path) {}

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final FleetKernels kernels;
  private final Optional<String> commandLine;
  private final FleetOutput out;
  private final Consumer<String> notes;

  FleetRun(
      SparkSession spark,
      FleetKernels kernels,
      Optional<String> commandLine,
      FleetOutput out,
      Consumer<String> notes) {
    this.spark = spark;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.kernels = kernels;
    this.commandLine = commandLine;
    this.out = out;
    this.notes = notes;
  }

  /** Judges files and writes the tables. */
  Result judge(List<InputFile> listed, HostNames names) throws IOException {
    int shuffled = Math.max(2 * context.defaultParallelism(), listed.size() / ROWS_OF_A_SHUFFLE);
    spark.conf().set("spark.sql.shuffle.partitions", (long) shuffled);
    Broadcast<SerializableConfiguration> conf =
        context.broadcast(
            new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
    List<InputFile> files =
        distribute(listed).map(file -> InputDigest.of(file, conf.value().value())).collect();
    Map<String, InputFile> contents = new LinkedHashMap<>();
    files.stream()
        .filter(file -> file.error().isEmpty())
        .forEach(file -> contents.putIfAbsent(file.digest(), file));
    String judgement = kernels.digest(commandLine.map(line -> "cmdline " + line).orElse(""));
    List<InputFile> left = new ArrayList<>(contents.values());
    Set<String> done = done(judgement);
    left.removeIf(file -> done.contains(file.digest()));
    notes.accept(
        "%s, %s, %s to judge for %s"
            .formatted(
                Units.count(files.size(), "file", "files"),
                Units.count(contents.size(), "content", "contents"),
                Units.count(left.size()),
                Units.count(kernels.labels().size(), "kernel", "kernels")));
    judge(left, judgement, conf);
    return tables(files, names, judgement, contents.size(), left.size(), done);
  }

  private JavaRDD<InputFile> distribute(List<InputFile> files) {
    int cores = context.defaultParallelism();
    int tasks = Math.max(Math.min(files.size(), 2 * cores), files.size() / PER_TASK);
    return context.parallelize(files, Math.max(1, tasks));
  }

  /** The contents that an earlier run judged for the same kernels. */
  private Set<String> done(String judgement) throws IOException {
    if (!out.hasContents()) {
      return Set.of();
    }
    Set<String> done = new HashSet<>();
    contents(judgement).select("digest").collectAsList().forEach(row -> done.add(row.getString(0)));
    return done;
  }

  private Dataset<Row> contents(String judgement) {
    return spark
        .read()
        .schema(FleetTables.CONTENTS)
        .parquet(out.contents().toString())
        .filter(col("judgement").equalTo(judgement))
        .dropDuplicates("digest");
  }

  private void judge(
      List<InputFile> left, String judgement, Broadcast<SerializableConfiguration> conf) {
    Broadcast<FleetKernels> shared = context.broadcast(kernels);
    String next = commandLine.orElse(null);
    // The first batch is written even if it is empty: the table has to exist.
    for (int from = 0; from < left.size() || from == 0; from += BATCH) {
      List<InputFile> batch = left.subList(from, Math.min(left.size(), from + BATCH));
      JavaRDD<Row> rows =
          distribute(new ArrayList<>(batch))
              .map(file ->
                  FleetTables.row(
                      HostReader.read(
                          file,
                          shared.value(),
                          Optional.ofNullable(next).map(CommandLine::new),
                          conf.value().value()),
                      judgement));
      spark
          .createDataFrame(rows, FleetTables.CONTENTS)
          .write()
          .mode(SaveMode.Append)
          .parquet(out.contents().toString());
    }
  }

  private Result tables(
      List<InputFile> files,
      HostNames names,
      String judgement,
      long contents,
      long judged,
      Set<String> done) {
    List<Row> rows =
        files.stream().map(file -> FleetTables.row(file, names.of(file.path()))).toList();
    Dataset<Row> known = contents(judgement).persist();
    Dataset<Row> hosts =
        spark
            .createDataFrame(rows, FleetTables.FILES)
            .join(known, new String[] {"digest"}, "left_outer")
            .withColumn(
                "error",
                when(col("file_error").notEqual(""), col("file_error"))
                    .otherwise(coalesce(col("error"), lit(""))))
            .persist();
    hosts
        .drop("cells", "judgement", "file_error")
        .write()
        .mode(SaveMode.Overwrite)
        .parquet(out.table("hosts").toString());
    Dataset<Row> verdicts = verdicts(hosts).persist();
    verdicts
        .drop("answer")
        .write()
        .mode(SaveMode.Overwrite)
        .partitionBy("kernel")
        .parquet(out.table("verdicts").toString());
    Matrix matrix = new Matrix(kernels.labels());
    verdicts
        .groupBy("host_group", "kernel", "answer")
        .agg(count(lit(1)))
        .collectAsList()
        .forEach(row ->
            matrix.add(row.getString(0), row.getString(1), row.getString(2), row.getLong(3)));
    List<ListedHost> worst = worst(verdicts);
    long read =
        known.select("digest", "read_bytes").collectAsList().stream()
            .filter(row -> !done.contains(row.getString(0)))
            .mapToLong(row -> row.getLong(1))
            .sum();
    return new Result(matrix, files.size(), contents, judged, read, worst);
  }

  /** A row for each host and kernel; of a host that cannot be read, with its error. */
  private Dataset<Row> verdicts(Dataset<Row> hosts) {
    Column[] host = {col("host"), col("host_group"), col("path"), col("digest")};
    Dataset<Row> judged =
        hosts
            .filter(col("error").equalTo(""))
            .select(host[0], host[1], host[2], host[3], explode(col("cells")).as("cell"))
            .select(
                host[0],
                host[1],
                host[2],
                host[3],
                col("cell.kernel"),
                col("cell.verdict"),
                col("cell.unknown"),
                col("cell.because"),
                col("cell.parts"),
                when(col("cell.verdict").equalTo(""), lit(Matrix.ERROR))
                    .otherwise(col("cell.verdict"))
                    .as("answer"));
    Dataset<Row> failed =
        hosts
            .filter(col("error").notEqual(""))
            .select(
                host[0],
                host[1],
                host[2],
                host[3],
                explode(lit(kernels.labels().toArray(String[]::new))).as("kernel"),
                lit("").as("verdict"),
                lit(0L).as("unknown"),
                col("error").as("because"),
                lit(null).cast(FleetTables.PARTS).as("parts"),
                lit(Matrix.ERROR).as("answer"));
    return judged.unionByName(failed);
  }

  private List<ListedHost> worst(Dataset<Row> verdicts) {
    Column rank = lit(Matrix.ANSWERS.size());
    for (int i = 0; i < Matrix.ANSWERS.size(); i++) {
      rank = when(col("answer").equalTo(Matrix.ANSWERS.get(i)), lit(i)).otherwise(rank);
    }
    return verdicts
        .withColumn("rank", rank)
        .withColumn(
            "place",
            row_number()
                .over(
                    Window.partitionBy("host_group", "kernel")
                        .orderBy(col("rank"), col("host"), col("path"))))
        .filter(col("place").leq(LISTED))
        .orderBy(col("rank"), col("host"), col("path"))
        .select("host_group", "kernel", "host", "answer", "because", "path")
        .collectAsList()
        .stream()
        .map(row ->
            new ListedHost(
                row.getString(0),
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5)))
        .toList();
  }
}
