package org.kho4j.cli.extract;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Choice;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.command.SourceCommand;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Progress;
import org.kho4j.cli.output.Units;
import org.kho4j.files.MappedFile;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.PageSizeEvidence;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.content.ContentFile;
import org.kho4j.memory.PhysicalMemory;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho extract SOURCE … -o FILE}. */
public final class ExtractCommand extends SourceCommand {

  private static final String STANDARD_OUTPUT = "-";

  /** File systems in which two files can have the same blocks. */
  private static final Set<String> SHARING =
      Set.of("bcachefs", "btrfs", "cifs", "nfs4", "ocfs2", "smb3", "xfs", "zfs");

  private static final String ALL = "--all";
  private static final String MISSING_OPTION = "--missing";
  private static final String ALLOW_ABSENT = "--allow-absent";

  private static final Choice<String> MISSING =
      new Choice<>(
          String.class, word -> word, List.of("zero"), "what can be written for missing pages");

  public ExtractCommand() {
    super(
        "extract",
        "Writes a part of a handover to a file: a memfd, a blob, a reservation, or a vmalloc area.",
        "Give exactly one of --session, --unit, --region, --subtree, --reserve-mem, --vmalloc and"
            + " --all; all but --all need -o FILE.",
        "The file gets its name only when it is complete, and only its owner can read it. Holes"
            + " and pages of zeros are not written, so they take no disk space.",
        "Exit status: 0 if all of it was written, 1 if --missing zero wrote zeros for missing"
            + " pages, the checksum of a region does not match, or --all left something out, 2 if"
            + " nothing was written.");
    example("kho extract vmcore --session vm-guest-ram --token 0x100 -o memfd");
    example("kho extract vmcore --unit orders.service --fd orders.1 -o store");
    example("kho extract vmcore --region book -o book");
    example("kho extract vmcore --reserve-mem trace -o - | strings");
    example("kho extract vmcore --all contents");
    value("--session", String.class, "NAME", "The session of the memfd to write, with --token.");
    number("--token", "N", "The token of the memfd in its session.");
    value("--unit", String.class, "UNIT", "The unit whose memfd systemd stored, with --fd.");
    value("--fd", String.class, "NAME", "The name under which the unit stored the memfd.");
    value(
        "--region",
        String.class,
        "NAME",
        "Writes the region with this name from a warm store: in the named memfd, in any memfd, or"
            + " in SOURCE itself.");
    value("--subtree", String.class, "NAME", "Writes the blob of this subtree.");
    value("--reserve-mem", String.class, "NAME", "Writes the reservation with this name.");
    number("--vmalloc", "ADDR", "Writes the vmalloc area whose descriptor is at this address.");
    option(
        OptionSpec.builder("-o", "--output")
            .type(String.class)
            .paramLabel("FILE")
            .description("The file to write; - is standard output."));
    value(
        ALL,
        Path.class,
        "DIR",
        "Writes every memfd, blob, reservation and vmalloc area into this new directory, with an index.json.");
    option(
        HandoverSearch.roleOption(
            "--role", "The handover to read, incoming or outgoing. Default: outgoing."));
    flag("--force", "Replaces an existing file.");
    option(
        MISSING
            .option(MISSING_OPTION)
            .paramLabel("zero")
            .description(
                "Writes zeros for pages that are missing from the image or unreadable, and lists"
                    + " them. Default: nothing is written if a page is missing."));
    option(
        OptionSpec.builder(ALLOW_ABSENT)
            .type(boolean.class)
            .arity("0")
            .hidden(true)
            .description("The earlier name of --missing zero."));
    flag("--no-sparse", "Also writes holes and pages of zeros.");
    flag("--verify", "Reads the file back and compares it with the image.");
    flag("--sha256", "Prints a line sha256 DIGEST for the written file.");
    flag("--sync", "Waits until the file is on the disk before renaming it to its final name.");
  }

  private void value(String name, Class<?> type, String label, String description) {
    option(OptionSpec.builder(name).type(type).paramLabel(label).description(description));
  }

  private void number(String name, String label, String description) {
    option(
        OptionSpec.builder(name)
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel(label)
            .description(description));
  }

  private void flag(String name, String description) {
    option(OptionSpec.builder(name).type(boolean.class).arity("0").description(description));
  }

  @Override
  protected int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    Path all = invocation.value(ALL, Path.class);
    if (all != null) {
      return all(invocation, memory, all);
    }
    Wanted wanted = Wanted.of(invocation);
    String output = invocation.value("--output", String.class);
    if (output == null) {
      throw invocation.wrong("missing required option: '--output=FILE', or --all DIR");
    }
    if (output.isEmpty()) {
      throw invocation.wrong("-o needs the name of a file, or - for standard output");
    }
    boolean toOutput = output.equals(STANDARD_OUTPUT);
    if (toOutput) {
      checkStandardOutput(invocation);
    }
    Handover handover = choose(invocation, memory);
    List<String> damage = new ArrayList<>();
    Content content = wanted.in(handover, damage::add);
    if (!fillsMissing(invocation)) {
      requireAll(handover, content);
    }
    Sha256 sha256 = null;
    if (invocation.flag("--sha256")) {
      if (content.holeBytes() > Sha256.MOST_HOLES) {
        throw new IOException(
            "%s: %s: give no --sha256"
                .formatted(content.path(), Sha256.tooManyHoles(content.holeBytes(), 0)));
      }
      sha256 = new Sha256();
    }
    Written written =
        toOutput
            ? toStandardOutput(invocation, content, sha256)
            : toFile(invocation, content, Path.of(output), sha256);
    damage.forEach(invocation::note);
    written.show(invocation, handover, content);
    return damage.isEmpty() && written.extraction().absentBytes() == 0
        ? Command.OK
        : Command.BAD_ANSWER;
  }

  private static Handover choose(Invocation invocation, PhysicalMemory memory) throws IOException {
    Role role = HandoverSearch.role(invocation);
    HandoverSearch search = HandoverSearch.in(invocation, memory);
    search.noteRejected(invocation);
    Handover handover = search.choose(role, "--fdt");
    handover
        .taken()
        .ifPresent(evidence ->
            invocation.note(
                "a kernel has taken the handover at %s, and may have reused what is written here: %s"
                    .formatted(
                        Units.address(handover.root().address()), Units.printable(evidence))));
    PageSizeEvidence pageSize = handover.pageSizeEvidence();
    if (pageSize.isUnsure()) {
      invocation.note(
          "pages of %s, perhaps: %s (--page-size decides)"
              .formatted(pageSize.size().label(), pageSize.because()));
    }
    return handover;
  }

  private static int all(Invocation invocation, PhysicalMemory memory, Path directory)
      throws IOException {
    if (invocation.value("--output", String.class) != null || Wanted.isAnything(invocation)) {
      throw invocation.wrong(
          "--all writes everything into DIR, and excludes -o and options that name one part");
    }
    if (invocation.flag("--force")) {
      throw invocation.wrong("--all writes into a new directory, so --force has no effect");
    }
    return new WholeHandover(invocation, choose(invocation, memory), directory).extract();
  }

  static boolean fillsMissing(Invocation invocation) {
    return invocation.value(MISSING_OPTION, String.class) != null || invocation.flag(ALLOW_ABSENT);
  }

  /** Looks before anything is written: standard output cannot be taken back. */
  static void requireAll(Handover handover, Content content) throws IOException {
    long absent = content.absentBytes();
    if (absent > 0) {
      throw new IOException(
          "%s of the %s of %s are not in %s, the first at 0x%x: --missing zero writes zeros instead"
              .formatted(
                  Units.size(absent),
                  Units.size(content.size()),
                  content.path(),
                  handover.memory().physical().source().path(),
                  content.firstAbsent()));
    }
  }

  private static void checkStandardOutput(Invocation invocation) {
    for (String option : List.of("--verify", "--sync", "--force", "--no-sparse")) {
      if (invocation.flag(option)) {
        throw invocation.wrong(option + " is for files, and -o - is none");
      }
    }
    if (invocation.options().json()) {
      throw invocation.wrong("--json and -o - both write to standard output");
    }
    if (invocation.outIsTerminal()) {
      throw invocation.wrong("memory is not written to a terminal: redirect the output of -o -");
    }
  }

  private static Written toStandardOutput(
      Invocation invocation, Content content, @Nullable Sha256 sha256) throws IOException {
    StreamOutput stream = new StreamOutput(invocation.out());
    Extraction extraction = extract(invocation, "extracting", content, targets(stream, sha256));
    return new Written(
        null, content.size(), extraction, sha256 == null ? null : sha256.hex(), false);
  }

  static Written toFile(
      Invocation invocation, Content content, Path target, @Nullable Sha256 sha256)
      throws IOException {
    try (OutputFile output = invocation.output(target);
        ContentFile file =
            new ContentFile(
                output.channel(),
                !invocation.flag("--no-sparse"),
                sharesBlocks(invocation, output))) {
      Extraction extraction = extract(invocation, "extracting", content, targets(file, sha256));
      file.finish(content.size());
      boolean verified = invocation.flag("--verify");
      if (verified && content.size() > 0) {
        try (MappedFile readBack = MappedFile.open(output.temporary())) {
          extract(invocation, "reading back", content, List.of(new ReadBack(target, readBack)));
        }
      }
      if (invocation.flag("--sync")) {
        output.sync();
      }
      output.commit();
      return new Written(
          target, file.written(), extraction, sha256 == null ? null : sha256.hex(), verified);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      throw OutputFile.failure(target, e.getMessage());
    }
  }

  /** Returns whether the output can share blocks with every file that the command reads. */
  private static boolean sharesBlocks(Invocation invocation, OutputFile output) {
    try {
      FileStore store = Files.getFileStore(output.temporary());
      if (!SHARING.contains(store.type())) {
        return false;
      }
      for (Path input : invocation.inputs()) {
        if (!Files.getFileStore(input).equals(store)) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false; // No mount point is known, as in some containers.
    }
  }

  private static List<Content.Visitor> targets(Content.Visitor first, @Nullable Sha256 sha256) {
    List<Content.Visitor> targets = new ArrayList<>(List.of(first));
    if (sha256 != null) {
      targets.add(sha256);
    }
    return targets;
  }

  private static Extraction extract(
      Invocation invocation, String what, Content content, List<Content.Visitor> targets)
      throws IOException {
    try (Progress progress = invocation.progress(what, Math.max(1, content.size()))) {
      Extraction extraction = new Extraction(targets, fillsMissing(invocation), progress::done);
      content.read(extraction);
      return extraction;
    }
  }
}
