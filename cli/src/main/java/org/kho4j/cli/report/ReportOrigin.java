package org.kho4j.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.kho4j.cli.extract.Sha256;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.output.Version;
import org.kho4j.memory.MemorySource;

/**
 * How a report came about: what its reader needs to repeat it.
 *
 * @param command the command line
 * @param kho version of kho and of Java
 * @param written when
 * @param file path of the source
 * @param sha256 digest of the source's file, as {@code sha256sum} prints it, if it was computed
 */
record ReportOrigin(
    String command, String kho, Instant written, Path file, Optional<String> sha256) {

  /** The digest of a larger file would take longer than the report. */
  private static final long LARGEST_DIGESTED = 1L << 30;

  /** The origin of a report of {@code source} that is written at {@code now}. */
  static ReportOrigin of(
      List<String> words, MemorySource source, Instant now, Optional<String> sha256)
      throws IOException {
    String command =
        words.stream().map(Units::shellWord).collect(Collectors.joining(" ", "kho ", ""));
    return new ReportOrigin(
        command, Version.line(), now.truncatedTo(ChronoUnit.SECONDS), source.path(), sha256);
  }

  /** Returns the digest of a file, unless it takes too long. */
  static Optional<String> sha256(Path file) throws IOException {
    if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_DIGESTED) {
      return Optional.empty();
    }
    Sha256 digest = new Sha256();
    try (InputStream in = Files.newInputStream(file)) {
      digest.update(in);
    }
    return Optional.of(digest.hex());
  }

  void write(Html html) throws IOException {
    html.line().open("footer").open("dl");
    fact(html, "Command", command);
    fact(html, "Written by", kho);
    fact(html, "At", written.toString());
    fact(html, "Source", file.toString());
    fact(html, "SHA-256", sha256.orElse(withoutDigest()));
    html.close();
    html.element("p", "Click an address to select all of it. Addresses are physical.").close();
  }

  private String withoutDigest() {
    return Files.isRegularFile(file)
        ? "not computed: the file has more than " + Units.size(LARGEST_DIGESTED)
        : "none: the source is no file";
  }

  private static void fact(Html html, String name, String value) throws IOException {
    html.open("div").element("dt", name).open("dd").untrusted(value).close().close();
  }
}
