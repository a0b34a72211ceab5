package org.kho4j.lab.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.PhysicalMemory;

/** A run of one scenario on one kernel: its files, its time, and its checks. */
public final class Run implements AutoCloseable {

  private final Path lab;
  private final Path directory;
  private final Kernel kernel;
  private final long deadline;
  private final boolean contradict;
  private final @Nullable Path capture;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Map<String, Object> facts = new LinkedHashMap<>();
  private int checks;

  /**
   * A run in a directory that is its own.
   *
   * @param lab the lab's own files
   * @param contradict whether the guest is to do another thing than what is expected, so that the
   *     scenario has to fail
   * @param capture where the memory at the jump is written to, if it is; its files have endings
   */
  public Run(
      Path lab,
      Path directory,
      Kernel kernel,
      Duration limit,
      boolean contradict,
      @Nullable Path capture)
      throws IOException {
    this.lab = lab;
    this.directory = directory;
    this.kernel = kernel;
    this.deadline = System.nanoTime() + limit.toNanos();
    this.contradict = contradict;
    this.capture = capture;
    delete(directory);
    Files.createDirectories(directory);
  }

  public Kernel kernel() {
    return kernel;
  }

  /** Returns the directory of the run's files. */
  public Path directory() {
    return directory;
  }

  /** The RAM of its guest, where that is one file. */
  public Path ram() {
    return directory.resolve(Guest.RAM);
  }

  /** The lab's own files. */
  public Path lab() {
    return lab;
  }

  @Nullable Path capture() {
    return capture;
  }

  /** How often the guest writes each word of a seed: captures are to be small. */
  public long repeat() {
    return capture == null ? 1 : 512;
  }

  /** Records a fact from or for the guest, to store beside the capture. */
  public void fact(String name, Object value) {
    facts.put(name, value);
  }

  /** Returns the recorded facts. */
  public Map<String, Object> facts() {
    return facts;
  }

  long deadline() {
    return deadline;
  }

  /**
   * Waits for a process until the time is up; then ends it and all that it started.
   *
   * @return whether it ended by itself
   */
  public boolean waitFor(Process process) throws InterruptedException {
    boolean ended = process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    if (!ended) {
      // The process first, which would go on when one that it waits for ends.
      List<ProcessHandle> started = process.descendants().toList();
      process.destroyForcibly();
      started.forEach(ProcessHandle::destroyForcibly);
    }
    return ended;
  }

  /**
   * Runs a program, which has to end well. What it says is kept in a log.
   *
   * @param name of the log
   */
  public void program(String name, List<String> command) throws IOException {
    Path log = directory.resolve(name + ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!waitFor(process) || process.exitValue() != 0) {
        throw new LabFailure("%s failed: %s".formatted(name, log));
      }
    } catch (InterruptedException e) {
      throw new LabFailure("interrupted", e);
    }
  }

  /** Returns whether the expectation must fail. */
  public boolean contradict() {
    return contradict;
  }

  /** Returns the guest's seed: the expected one, unless the run must fail. */
  public long told(long seed) {
    return contradict ? seed + 1 : seed;
  }

  /** Closes something at the end of the run. */
  public <T extends AutoCloseable> T closing(T resource) {
    open.add(resource);
    return resource;
  }

  /** Boots a guest, which ends with the run at the latest. */
  public Guest boot(Machine machine, Stage... stages) throws IOException {
    return boot(new Boot(machine, List.of(stages)));
  }

  /** Boots a guest, which ends with the run at the latest. */
  public Guest boot(Boot boot) throws IOException {
    return closing(Guest.start(this, boot));
  }

  /**
   * Goes on with a guest that was written down, with the RAM that is in the run's directory; it
   * ends with the run at the latest.
   */
  public Guest resume(Snapshot snapshot) throws IOException, InterruptedException {
    return Guest.resume(this, snapshot);
  }

  /** Memory that is closed at the end of the run. */
  public PhysicalMemory reading(PhysicalMemory memory) {
    return closing(memory);
  }

  /** Checks that something is so. */
  @SuppressWarnings("AnnotateFormatMethod") // its annotation is in a library of its own
  public void check(boolean so, String what, Object... values) {
    checks++;
    if (!so) {
      throw new LabFailure(what.formatted(values));
    }
  }

  /** Checks that two things are the same. */
  public void same(String what, Object expected, Object found) {
    check(Objects.equals(expected, found), "%s is %s, not %s", what, found, expected);
  }

  /** Something was checked elsewhere. */
  void checked() {
    checks++;
  }

  /** How many checks there were. */
  public int checks() {
    return checks;
  }

  @Override
  public void close() {
    for (AutoCloseable resource : open.reversed()) {
      try {
        resource.close();
      } catch (Exception e) {
        System.err.println("lab: " + e);
      }
    }
    open.clear();
  }

  /** Deletes the files of a run. */
  public static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
