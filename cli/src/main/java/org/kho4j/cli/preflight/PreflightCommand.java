package org.kho4j.cli.preflight;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.preflight.CommandLine;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.Profile;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.Verdict;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho preflight --from A --to B}. */
public final class PreflightCommand extends Command {

  public PreflightCommand() {
    super(
        "preflight",
        "Tells whether one kernel takes what another hands over, before the jump.",
        "KERNEL is a bzImage, an arm64 Image (also packed), a vmlinux, raw BTF, a profile that --save-profile wrote, or"
            + " 'running', the kernel of this machine."
            + " --from also takes a memory image with a handover: then what is really in it counts, and what is not"
            + " in use does not.",
        "Verdicts, best first: ok, degraded (something optional is dropped), lost (state is dropped silently),"
            + " unreachable (state arrives and cannot be opened), corrupt (the same version, another layout), panic,"
            + " unknown.",
        "With one of --from and --to alone it shows what that kernel speaks, and where in it that was found.",
        "Exit status: 0 if the verdict is ok, 1 if it is another, 2 if a kernel cannot be read. Of one kernel: 0, or 1"
            + " if its layouts are not those of the versions it claims.");
    example("kho preflight --from running --to /boot/vmlinuz-7.3.4");
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
                "The kernel that wrote the memory image: its layouts count then, not those of the versions it claims."));
    option(
        OptionSpec.builder("--to")
            .type(String.class)
            .paramLabel("KERNEL")
            .description("The kernel that is to take it."));
    option(
        OptionSpec.builder("--cmdline")
            .type(String.class)
            .paramLabel("TEXT")
            .description(
                "The next kernel's command line: kho=, liveupdate= and reserve_mem= decide, too."));
    option(
        OptionSpec.builder("--reuse-cmdline")
            .type(boolean.class)
            .arity("0")
            .description("With --from running: the next command line is the running kernel's."));
    option(
        OptionSpec.builder("--root")
            .type(Path.class)
            .paramLabel("DIR")
            .description(
                "Where /proc, /sys and /boot of 'running' are, a copy of another host's perhaps."));
    option(
        OptionSpec.builder("--save-profile")
            .type(Path.class)
            .paramLabel("FILE")
            .description(
                "Writes what the one kernel given speaks into FILE, which stands for it."));
    option(
        OptionSpec.builder("--force")
            .type(boolean.class)
            .arity("0")
            .description("With --save-profile: replaces the file if it is there."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    String from = invocation.value("--from", String.class);
    String to = invocation.value("--to", String.class);
    Path save = invocation.value("--save-profile", Path.class);
    if (from != null && to != null) {
      if (save != null) {
        throw invocation.wrong("--save-profile is for one kernel: either --from or --to");
      }
      return judge(invocation, from, to);
    }
    String only = from == null ? to : from;
    if (only == null) {
      throw invocation.wrong(
          "preflight needs --from and --to, or one of them to show what it speaks");
    }
    return one(invocation, only, save);
  }

  private static int one(Invocation invocation, String name, @Nullable Path save)
      throws IOException {
    Profile kernel = new KernelSource(invocation).kernel(name);
    if (save != null) {
      ProfileFile.write(kernel, save, invocation.flag("--force"));
      return OK;
    }
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        ProfileFile.write(kernel, json);
      }
    } else {
      ProfileView.text(invocation, kernel);
    }
    return kernel.findings().isEmpty() ? OK : BAD_ANSWER;
  }

  private static int judge(Invocation invocation, String from, String to) throws IOException {
    KernelSource source = new KernelSource(invocation);
    KernelSource.Pending pending = source.reading(to);
    Outgoing outgoing = source.outgoing(from, invocation.value("--from-kernel", String.class));
    Profile next = pending.get();
    Optional<String> impossible = Preflight.impossible(outgoing.profile(), next);
    if (impossible.isPresent()) {
      throw new IOException(impossible.get());
    }
    Report report =
        Preflight.judge(
                outgoing.profile(), outgoing.handed(), next, nextCommandLine(invocation, outgoing))
            .withNotes(outgoing.notes());
    if (invocation.options().json()) {
      ReportView.json(invocation, outgoing.profile(), next, report);
    } else {
      ReportView.text(invocation, outgoing.profile(), next, report);
    }
    return report.verdict() == Verdict.OK ? OK : BAD_ANSWER;
  }

  private static Optional<CommandLine> nextCommandLine(Invocation invocation, Outgoing outgoing) {
    String line = invocation.value("--cmdline", String.class);
    if (!invocation.flag("--reuse-cmdline")) {
      return Optional.ofNullable(line).map(CommandLine::new);
    }
    if (line != null || outgoing.commandLine().isEmpty()) {
      throw invocation.wrong(
          line != null
              ? "--cmdline and --reuse-cmdline exclude each other"
              : "--reuse-cmdline wants --from running, and a /proc/cmdline that can be read");
    }
    return outgoing.commandLine();
  }
}
