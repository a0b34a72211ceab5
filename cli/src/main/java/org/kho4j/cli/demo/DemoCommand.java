package org.kho4j.cli.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.memory.WritableMemory;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho demo}. */
public final class DemoCommand extends Command {

  private static final long DEFAULT_BYTES = 1L << 30;
  private static final long MAX_BYTES = 1L << 40;
  private static final int DEFAULT_ORDER = 4;
  private static final int MAX_ORDER = 10;

  /** Bytes that a file system must have beyond the demo's memory. */
  private static final long SPARE_BYTES = 256 << 20;

  public DemoCommand() {
    super(
        "demo",
        "Hands memory over from one JVM to another, on this machine.",
        "The first JVM allocates an area of scattered blocks in a memory file, fills it, preserves"
            + " it as a kernel preserves vmalloc memory, hands over, and exits. The second JVM"
            + " boots from the handover, restores the area and verifies every byte. Nothing is"
            + " copied or serialised.",
        "Exit status: 0 if every byte is unchanged, 1 if not, 2 if the demo cannot run.");
    opensNoImage();
    example("kho demo --size 1G");
    option(
        OptionSpec.builder("--size")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("BYTES")
            .description("Size of the area, such as 256M. Default: 1G."));
    option(
        OptionSpec.builder("--order")
            .type(Integer.class)
            .paramLabel("N")
            .description(
                "The area's blocks are 2^N pages of 4 KiB, N up to "
                    + MAX_ORDER
                    + ". Default: "
                    + DEFAULT_ORDER
                    + "."));
    option(
        OptionSpec.builder("--dir")
            .type(Path.class)
            .paramLabel("DIR")
            .description(
                "Directory of the memory file. Default: /dev/shm if it has room, else the"
                    + " temporary directory."));
    option(
        OptionSpec.builder("--flip")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("OFFSET")
            .description(
                "Changes the byte at this offset of the area between the two JVMs; the second"
                    + " JVM must report it."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    long bytes = orElse(invocation.value("--size", Long.class), DEFAULT_BYTES);
    int order = (int) orElse(invocation.value("--order", Integer.class), DEFAULT_ORDER);
    Long flip = invocation.value("--flip", Long.class);
    check(invocation, bytes, order, flip);
    long blockBytes = 4096L << order;
    long rounded = Math.ceilDiv(bytes, blockBytes) * blockBytes;
    Path directory =
        Files.createTempDirectory(
            parentFor(invocation.value("--dir", Path.class), rounded), "kho-demo-");
    Thread cleaner = new Thread(() -> delete(directory));
    Runtime.getRuntime().addShutdownHook(cleaner);
    try {
      return run(invocation, directory.resolve("ram"), rounded, order, flip);
    } finally {
      delete(directory);
      Runtime.getRuntime().removeShutdownHook(cleaner);
    }
  }

  private static long orElse(@Nullable Number value, long otherwise) {
    return value == null ? otherwise : value.longValue();
  }

  private static void check(Invocation invocation, long bytes, int order, @Nullable Long flip) {
    String problem =
        bytes <= 0 || bytes > MAX_BYTES
            ? "--size: 1 byte to " + Units.size(MAX_BYTES) + " are possible"
            : order < 0 || order > MAX_ORDER
                ? "--order: 0 to " + MAX_ORDER + " are possible"
                : flip != null && (flip < 0 || flip >= bytes)
                    ? "--flip: the area ends before byte " + Long.toUnsignedString(flip)
                    : null;
    if (problem != null) {
      throw invocation.wrong(problem);
    }
  }

  private static Path parentFor(@Nullable Path wanted, long bytes) throws IOException {
    long needed = bytes + bytes / 8 + SPARE_BYTES;
    if (wanted != null) {
      return requireRoom(wanted, needed);
    }
    Path shared = Path.of("/dev/shm");
    if (Files.isWritable(shared) && shared.toFile().getUsableSpace() >= needed) {
      return shared;
    }
    return requireRoom(Path.of(System.getProperty("java.io.tmpdir")), needed);
  }

  private static Path requireRoom(Path directory, long needed) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new NoSuchFileException(directory.toString());
    }
    long usable = directory.toFile().getUsableSpace();
    if (usable < needed) {
      throw new IOException(
          "%s has room for %s, but the demo needs %s: choose another --dir or a smaller --size"
              .formatted(directory, Units.size(usable), Units.size(needed)));
    }
    return directory;
  }

  private static int run(
      Invocation invocation, Path ram, long bytes, int order, @Nullable Long flip)
      throws IOException {
    DemoReport report = new DemoReport(invocation);
    report.begin(bytes, ram);
    int first =
        start(
            report,
            "first",
            List.of("first", ram.toString(), Long.toString(bytes), Integer.toString(order)));
    if (first != 0) {
      throw new IOException("the first JVM failed with status " + first);
    }
    if (flip != null) {
      report.flipped(flip, flip(ram, flip));
    }
    int second = start(report, "second", List.of("second", ram.toString()));
    if (second != 0 && second != DemoGeneration.DIFFERENT) {
      throw new IOException("the second JVM failed with status " + second);
    }
    report.end(second == 0, bytes);
    return second == 0 ? OK : BAD_ANSWER;
  }

  /** Runs one JVM, and returns its exit status. */
  private static int start(DemoReport report, String which, List<String> args) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(JavaProcess.commandLine(DemoGeneration.class, args));
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    // A JVM announces on stderr what it takes from these.
    builder
        .environment()
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
    long start = System.nanoTime();
    Process process = builder.start();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      report.process(which, process.pid());
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Optional<Steps.Step> step = Steps.Step.of(line);
        if (step.isPresent()) {
          report.step(step.get());
        }
      }
      int status = process.waitFor();
      report.processEnded((System.nanoTime() - start) / 1000);
      return status;
    } catch (InterruptedException e) {
      throw new InterruptedIOException("interrupted while a JVM of the demo ran");
    } finally {
      process.destroyForcibly();
    }
  }

  /** Changes a byte of the area in the file, found by what was handed over alone. */
  private static long flip(Path ram, long offset) throws IOException {
    try (WritableMemory memory = WritableMemory.open(ram, 0)) {
      Handover handover = Handovers.find(memory).getFirst();
      Subtree subtree = handover.subtree(DemoGeneration.SUBTREE).orElseThrow();
      PreservedArea area =
          PreservedArea.of(
              handover.memory(),
              subtree.where(),
              Descriptor.at(subtree.address(), memory.read(subtree.address(), subtree.size())));
      long[] found = {-1, 0};
      area.forEachRun((order, address, length) -> {
        if (offset >= found[1] && offset < found[1] + length) {
          found[0] = address + offset - found[1];
        }
        found[1] += length;
      });
      var at = memory.writable(found[0], 1);
      at.set(ValueLayout.JAVA_BYTE, 0, (byte) ~at.get(ValueLayout.JAVA_BYTE, 0));
      return found[0];
    }
  }

  private static void delete(Path directory) {
    try {
      Files.deleteIfExists(directory.resolve("ram"));
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      // The directory is in a place for temporary files, and its name says whose it is.
    }
  }
}
