package org.kho4j.cli.preflight;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Choice;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.KernelPair;
import org.kho4j.preflight.profile.Profile;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho preflight --from A --to B}. */
public final class PreflightCommand extends Command {

  /** Options that have no meaning for one kernel. */
  private static final List<String> JUDGING =
      List.of(
          "--from-kernel",
          "--cmdline",
          "--reuse-cmdline",
          "--initrd",
          "--setup-data",
          "--scratch-array",
          "--nodes",
          "--exit-status",
          "--quiet");

  private static final String STDOUT = "-";

  /** The meaning of the exit status. */
  enum ExitStatus {
    PLAIN,
    DETAILED;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final Choice<ExitStatus> EXIT_STATUS =
      new Choice<>(
          ExitStatus.class,
          ExitStatus::label,
          List.of(ExitStatus.values()),
          "a kind of exit status");

  public PreflightCommand() {
    super(
        "preflight",
        "Predicts before the jump (kexec) whether the next kernel accepts the handover.",
        "KERNEL is a bzImage, an arm64 Image (also compressed), a unified kernel image (UKI), a"
            + " vmlinux, raw BTF, a profile that --save-profile wrote, 'running' (the kernel of"
            + " this machine), or 'next' (the kernel of its default boot entry, which systemctl"
            + " kexec loads). --from also accepts a memory image with a handover: then only the"
            + " parts in use affect the verdict, and so does damage that kho verify finds.",
        "Verdicts, best first: ok, degraded (an optional part is dropped), unknown (the reason"
            + " names the missing input), lost (state is dropped, mostly without a message), unreachable"
            + " (state arrives but cannot be opened), corrupt (bytes are misread), panic. The"
            + " overall verdict is that of the worst part.",
        "With --exit-status detailed, the exit status shows the verdict: 0 ok, 10 degraded, 11"
            + " unknown, 12 lost, 13 unreachable, 14 corrupt, 15 panic; 2 still means that a"
            + " kernel cannot be read. 12 and more is a certain loss.",
        "With only one of --from and --to, the command shows the versions of that kernel, and"
            + " where it found them.",
        "Exit status: 0 if the verdict is ok, 1 for any other verdict, 2 if a kernel cannot be"
            + " read. With one kernel: 0, or 1 if its layouts differ from the versions it claims.");
    example("kho preflight --from running --to /boot/vmlinuz-7.3.4");
    example("kho preflight --from running --to bzImage --reuse-cmdline --initrd initrd.img");
    example("kho preflight --from running --to next --quiet --exit-status detailed");
    example("kho preflight --from vmcore --to bzImage --json");
    option(
        OptionSpec.builder("--from")
            .type(String.class)
            .paramLabel("KERNEL")
            .description("The kernel that hands over, or a memory image."));
    option(
        OptionSpec.builder("--from-kernel")
            .type(String.class)
            .paramLabel("KERNEL")
            .description(
                "The kernel that wrote the memory image; its layouts are used instead of those"
                    + " of the image's versions."));
    option(
        OptionSpec.builder("--to")
            .type(String.class)
            .paramLabel("KERNEL")
            .description("The next kernel."));
    option(
        OptionSpec.builder("--cmdline")
            .type(String.class)
            .paramLabel("TEXT")
            .description(
                "The next kernel's command line; kho=, liveupdate= and reserve_mem= affect the"
                    + " verdict."));
    option(
        OptionSpec.builder("--reuse-cmdline")
            .type(boolean.class)
            .arity("0")
            .description(
                "With --from running: uses the running kernel's command line for the"
                    + " next kernel."));
    option(
        OptionSpec.builder("--initrd")
            .type(Path.class)
            .paramLabel("FILE")
            .description(
                "The next kernel's initrd: checks that kernel and initrd fit into scratch;"
                    + " otherwise kexec refuses to load them."));
    ScratchOptions.all().forEach(this::option);
    option(
        EXIT_STATUS
            .option("--exit-status")
            .paramLabel("KIND")
            .description(
                "plain (0, 1, 2), or detailed: a number for each verdict. Default: plain."));
    option(
        OptionSpec.builder("--quiet")
            .type(boolean.class)
            .arity("0")
            .description(
                "Prints one line for the overall verdict, and one for each part that is"
                    + " not ok."));
    option(
        OptionSpec.builder("--save-profile")
            .type(Path.class)
            .paramLabel("FILE")
            .description(
                "Writes the profile of the given kernel to FILE, or to standard output for '-'."));
    option(
        OptionSpec.builder("--force")
            .type(boolean.class)
            .arity("0")
            .description("With --save-profile: replaces an existing file."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    String from = invocation.value("--from", String.class);
    String to = invocation.value("--to", String.class);
    Path save = invocation.value("--save-profile", Path.class);
    if (from != null && to != null) {
      if (save != null) {
        throw invocation.wrong("--save-profile needs one kernel: give either --from or --to");
      }
      return judge(invocation, from, to);
    }
    String only = from == null ? to : from;
    if (only == null) {
      throw invocation.wrong(
          "preflight needs --from and --to, or one of them to show the versions of that kernel");
    }
    for (String option : JUDGING) {
      if (invocation.commandLine().subcommand().hasMatchedOption(option)) {
        throw invocation.wrong(option + " is for two kernels: give --from and --to");
      }
    }
    return one(invocation, only, save);
  }

  private static int one(Invocation invocation, String name, @Nullable Path save)
      throws IOException {
    OutgoingKernel read = new KernelSource(invocation).onlyKernel(name);
    Profile kernel = read.profile();
    // The running kernel's command line is not known to be that of its next boot.
    OutgoingKernel saved =
        name.equals(Invocation.RUNNING) ? OutgoingKernel.of(kernel, Optional.empty()) : read;
    boolean toStdout = save != null && save.toString().equals(STDOUT);
    if (save != null && !toStdout) {
      read.notes().forEach(invocation::note);
      ProfileFile.write(saved, invocation.output(save));
      return OK;
    }
    if (toStdout || invocation.options().json()) {
      try (Json json = invocation.json()) {
        ProfileFile.write(saved, read.notes(), json);
      }
    } else {
      ProfileView.text(invocation, kernel, read.notes());
    }
    return toStdout || new ClaimedLayouts(kernel).findings().isEmpty() ? OK : BAD_ANSWER;
  }

  private static int judge(Invocation invocation, String from, String to) throws IOException {
    KernelSource source = new KernelSource(invocation);
    KernelSource.Pending pending = source.reading(to);
    OutgoingKernel outgoing =
        source.outgoing(from, invocation.value("--from-kernel", String.class));
    OutgoingKernel incoming = pending.get();
    Profile next = incoming.profile();
    Optional<String> impossible = new KernelPair(outgoing.profile(), next).impossible();
    if (impossible.isPresent()) {
      throw new IOException(impossible.get());
    }
    Report report =
        Preflight.judge(
                outgoing.profile(),
                outgoing.content(),
                next,
                nextCommandLine(invocation, outgoing)
                    .or(() ->
                        to.equals(Invocation.RUNNING) ? Optional.empty() : incoming.commandLine()),
                initrd(invocation).or(incoming::initrd))
            .withNotes(incoming.notes())
            .withNotes(outgoing.notes());
    if (invocation.options().json()) {
      ReportView.json(invocation, outgoing.profile(), next, report);
    } else if (invocation.flag("--quiet")) {
      ReportView.line(invocation, outgoing.profile(), next, report);
    } else {
      ReportView.text(invocation, outgoing.profile(), next, report);
    }
    return status(invocation, report.verdict());
  }

  private static int status(Invocation invocation, Verdict verdict) {
    boolean detailed = invocation.value("--exit-status", ExitStatus.class) == ExitStatus.DETAILED;
    return detailed ? verdict.exitStatus() : verdict == Verdict.OK ? OK : BAD_ANSWER;
  }

  private static Optional<Long> initrd(Invocation invocation) throws IOException {
    Path file = invocation.value("--initrd", Path.class);
    if (file == null) {
      return Optional.empty();
    }
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new IOException(file + ": is not a file, so not an initrd");
    }
    return Optional.of(attributes.size());
  }

  private static Optional<CommandLine> nextCommandLine(
      Invocation invocation, OutgoingKernel outgoing) {
    String line = invocation.value("--cmdline", String.class);
    if (!invocation.flag("--reuse-cmdline")) {
      return Optional.ofNullable(line).map(CommandLine::new);
    }
    if (line != null || outgoing.commandLine().isEmpty()) {
      throw invocation.wrong(
          line != null
              ? "--cmdline and --reuse-cmdline exclude each other"
              : "--reuse-cmdline needs --from running, and a readable /proc/cmdline");
    }
    return outgoing.commandLine();
  }
}
