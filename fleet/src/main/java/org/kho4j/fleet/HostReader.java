package org.kho4j.fleet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.kho4j.cli.FailureMessage;
import org.kho4j.cli.preflight.InspectDocument;
import org.kho4j.cli.preflight.KernelSource;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages.RangedImage;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.KernelPair;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Severity;

/** Reads the content of one file and judges it against every kernel, as kho preflight does. */
final class HostReader implements KernelSource.Look {

  private final InputFile file;
  private final Map<String, Long> owners = new TreeMap<>();
  private final Map<String, Long> findings = new TreeMap<>();
  private final PreflightRun run = new PreflightRun();
  private boolean memory;
  private long readBytes;
  private long errors;
  private long sessions;
  private long preserved;

  private HostReader(InputFile file) {
    this.file = file;
  }

  /**
   * Reads and judges. Never throws for what a file has: that is an error in the record.
   *
   * @param commandLine of the next kernels; empty for those that they are to boot with, if these
   *     are known
   */
  static HostRecord read(
      InputFile file, FleetKernels kernels, Optional<CommandLine> commandLine, Configuration conf) {
    return read(file, kernels, commandLine, conf, InputDigest.MAX_HASHED);
  }

  /**
   * The same.
   *
   * @param ranged bytes from which on an image of another file system is read by ranges
   */
  static HostRecord read(
      InputFile file,
      FleetKernels kernels,
      Optional<CommandLine> commandLine,
      Configuration conf,
      long ranged) {
    String local = file.path();
    try (FetchedFile fetched = FetchedFile.of(file.path(), conf, ranged)) {
      local = fetched.local();
      return new HostReader(file).read(fetched, kernels, commandLine, conf);
    } catch (IOException | RuntimeException | StackOverflowError | InternalError e) {
      return HostRecord.unreadable(file.digest(), sentence(e, local, file.path()));
    }
  }

  /** The sentence for a failure, which names the file of the input. */
  static String sentence(Throwable failure, String local, String path) {
    return FailureMessage.of(failure).replace(local, path);
  }

  private HostRecord read(
      FetchedFile fetched,
      FleetKernels kernels,
      Optional<CommandLine> commandLine,
      Configuration conf)
      throws IOException {
    OutgoingKernel outgoing = outgoing(fetched, conf);
    List<Cell> cells = new ArrayList<>();
    for (Map.Entry<String, OutgoingKernel> kernel : kernels.byLabel().entrySet()) {
      cells.add(cell(kernel.getKey(), outgoing, kernel.getValue(), commandLine, fetched));
    }
    Optional<HandoverContent> content = outgoing.content();
    Map<String, Long> reservations = new TreeMap<>();
    content.ifPresent(what ->
        what.reservations().forEach(one -> reservations.merge(one.name(), one.size(), Long::sum)));
    String kind = memory ? "memory" : content.isPresent() ? "inspect" : "kernel";
    List<String> notes = new ArrayList<>(run.notes());
    notes.addAll(outgoing.notes());
    notes.replaceAll(note -> note.replace(fetched.local(), file.path()));
    return new HostRecord(
        file.digest(),
        kind,
        outgoing.profile().release().orElse(""),
        versions(outgoing.profile()),
        preserved,
        owners,
        sessions,
        reservations,
        findings,
        errors,
        readBytes,
        notes,
        "",
        cells);
  }

  private OutgoingKernel outgoing(FetchedFile fetched, Configuration conf) throws IOException {
    KernelSource source = new KernelSource(run.invocation(), this);
    Optional<RangedImage> ranged = fetched.ranged(conf);
    if (ranged.isEmpty()) {
      readBytes = file.bytes();
      return source.outgoing(fetched.local(), null);
    }
    try (PhysicalMemory image = ranged.get().memory()) {
      OutgoingKernel outgoing = source.memory(fetched.local(), image);
      readBytes = ranged.get().readBytes().getAsLong();
      return outgoing;
    }
  }

  private static List<String> versions(Profile profile) {
    TreeSet<String> versions = new TreeSet<>();
    profile
        .parts()
        .forEach((name, support) -> {
          if (support.state() == Support.State.YES) {
            for (String version : support.versions()) {
              versions.add(Character.isDigit(version.charAt(0)) ? name + " " + version : version);
            }
          }
        });
    return List.copyOf(versions);
  }

  /** Takes the owners of memory, and the findings of verify. */
  @Override
  public void at(Handover handover, Verifier.Options options) {
    memory = true;
    Checked checked =
        Verifier.verify(
            handover,
            options,
            finding -> findings.merge(finding.rule().id(), 1L, Long::sum),
            (where, address, bytes) -> owners.merge(where.top(), bytes, Long::sum));
    errors = checked.count(Severity.ERROR);
    try {
      preserved = handover.hasMap() ? handover.mapSummary().blocks().bytes() : 0;
      sessions = handover.client(LiveUpdate.CLIENT).map(luo -> luo.sessions().count()).orElse(0L);
    } catch (HandoverException broken) {
      // A finding of verify, and with it part of the verdicts.
    }
  }

  @Override
  public void at(InspectDocument document) throws IOException {
    sessions = document.sessions();
    preserved = document.preservedBytes();
  }

  private Cell cell(
      String label,
      OutgoingKernel outgoing,
      OutgoingKernel to,
      Optional<CommandLine> commandLine,
      FetchedFile fetched) {
    Optional<String> impossible = new KernelPair(outgoing.profile(), to.profile()).impossible();
    if (impossible.isPresent()) {
      return new Cell(
          label, "", 0, impossible.get().replace(fetched.local(), file.path()), List.of());
    }
    Report report =
        Preflight.judge(
            outgoing.profile(),
            outgoing.content(),
            to.profile(),
            commandLine.or(to::commandLine),
            to.initrd());
    Verdict verdict = report.verdict();
    String because =
        verdict == Verdict.OK
            ? ""
            : report.components().stream()
                .max(Comparator.comparing(Component::verdict))
                .map(worst -> worst.name() + ": " + worst.because())
                .orElse("");
    return new Cell(
        label,
        verdict.label(),
        report.unknown(),
        because.replace(fetched.local(), file.path()),
        report.components().stream()
            .map(part ->
                new Cell.PartCell(
                    part.name(),
                    part.from().orElse(""),
                    part.to().orElse(""),
                    part.verdict().label(),
                    part.because().replace(fetched.local(), file.path())))
            .toList());
  }
}
