package org.kho4j.cli.report;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.SourceCommand;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.cli.verify.VerifiedSource;
import org.kho4j.cli.verify.VerifiedSource.Candidate;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.OwnerVisitor;
import org.kho4j.verify.result.Severity;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho report SOURCE -o FILE.html}. */
public final class ReportCommand extends SourceCommand {

  private static final String STANDARD_OUTPUT = "-";

  /** More are verified, and not shown. */
  private static final int MOST_HANDOVERS = 8;

  public ReportCommand() {
    super(
        "report",
        "Writes one page of HTML about the handovers in a memory image: verdict, picture, contents.",
        "The page is one file that loads nothing and needs no scripts, so you can send it to"
            + " anybody. It has the findings of kho verify, a picture of memory down to single"
            + " pages, and tables of sessions, files and reservations.",
        "Exit status: 0 if kho verify finds no error, 1 if it finds one, 2 if no page was"
            + " written.");
    example("kho report vmcore -o handover.html");
    option(
        OptionSpec.builder("-o", "--output")
            .type(String.class)
            .required(true)
            .paramLabel("FILE")
            .description("The file to write; - is standard output."));
    option(
        OptionSpec.builder("--force")
            .type(boolean.class)
            .arity("0")
            .description("Replaces an existing file."));
    option(HandoverSearch.roleOption());
    ScratchOptions.all().forEach(this::option);
  }

  @Override
  protected int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    String output = invocation.value("--output", String.class);
    if (output == null || output.isEmpty()) {
      throw invocation.wrong("-o needs the name of a file, or - for standard output");
    }
    boolean toOutput = output.equals(STANDARD_OUTPUT);
    if (toOutput && invocation.options().json()) {
      throw invocation.wrong("--json and -o - both write to standard output");
    }
    ReportPage page;
    try (ExecutorService beside = Executors.newSingleThreadExecutor()) {
      Future<Optional<String>> digest =
          beside.submit(() -> ReportOrigin.sha256(memory.source().path()));
      VerifiedSource source = VerifiedSource.of(invocation, memory);
      HandoverSearch.noteNested(invocation, source.nested());
      if (source.candidates().isEmpty() && source.unreadable().isEmpty()) {
        invocation.note(HandoverSearch.nothingFound(memory));
        beside.shutdownNow();
        return Command.FAILED;
      }
      page = page(invocation, memory, source, digest);
    }
    if (toOutput) {
      Writer writer = new OutputStreamWriter(invocation.out(), StandardCharsets.UTF_8);
      write(page, writer);
    } else {
      long bytes = toFile(page, invocation, Path.of(output));
      tell(invocation, page, output, bytes);
    }
    return page.count(Severity.ERROR) > 0 ? Command.BAD_ANSWER : Command.OK;
  }

  private static ReportPage page(
      Invocation invocation,
      PhysicalMemory memory,
      VerifiedSource source,
      Future<Optional<String>> digest)
      throws IOException {
    Verifier.Options options =
        ScratchOptions.verifying(
            invocation, Verifier.Options.ALL.rules(), Verifier.Options.ALL.perRule());
    List<PageFinding> findings = new ArrayList<>();
    Checked checked = Checked.NOTHING;
    for (Finding finding : source.unreadable()) {
      findings.add(new PageFinding(finding, "u" + findings.size()));
      checked = checked.plus(Checked.of(finding));
    }
    List<HandoverPart> parts = new ArrayList<>();
    for (Candidate candidate : source.candidates()) {
      if (parts.size() < MOST_HANDOVERS) {
        HandoverPart part = HandoverPart.of(candidate, options, "h" + parts.size());
        parts.add(part);
        findings.addAll(part.findings());
        checked = checked.plus(part.checked());
      } else {
        checked =
            checked.plus(
                candidate.verify(
                    options,
                    finding -> findings.add(new PageFinding(finding, "x" + findings.size())),
                    OwnerVisitor.NONE));
      }
    }
    int more = source.candidates().size() - parts.size();
    ReportOrigin origin =
        ReportOrigin.of(invocation.words(), memory.source(), Instant.now(), result(digest));
    return new ReportPage(memory.source(), parts, more, findings, checked, origin);
  }

  private static Optional<String> result(Future<Optional<String>> digest) throws IOException {
    try {
      return digest.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  private static void write(ReportPage page, Writer writer) throws IOException {
    BufferedWriter buffered = new BufferedWriter(writer, 1 << 16);
    page.write(buffered);
    buffered.flush();
  }

  private static long toFile(ReportPage page, Invocation invocation, Path target)
      throws IOException {
    try (OutputFile output = invocation.output(target)) {
      write(page, Channels.newWriter(output.channel(), StandardCharsets.UTF_8));
      long bytes = output.channel().size();
      output.commit();
      return bytes;
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw OutputFile.failure(target, e.getMessage());
    }
  }

  private static void tell(Invocation invocation, ReportPage page, String path, long bytes)
      throws IOException {
    long errors = page.count(Severity.ERROR);
    long warnings = page.count(Severity.WARNING);
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json.document(Schema.REPORT)
            .text("path", path)
            .number("bytes", bytes)
            .number("errors", errors)
            .number("warnings", warnings)
            .endObject();
      }
      return;
    }
    invocation
        .text()
        .name(path)
        .put(": ")
        .size(bytes)
        .put("; ")
        .put(errors > 0 ? Text.Style.BAD : Text.Style.GOOD, Units.count(errors, "error", "errors"))
        .put(", ")
        .count(warnings, "warning", "warnings")
        .line();
  }
}
