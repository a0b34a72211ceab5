package org.kho4j.lab.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The output of a guest on its serial line, kept in a file. */
public final class SerialConsole {

  private static final Pattern BAD = Pattern.compile("lab: FAILED .*|Kernel panic .*");

  private final Path log;
  private final List<String> lines = new ArrayList<>();
  private boolean ended;
  private int next;

  SerialConsole(Path log, InputStream serial) {
    this.log = log;
    Thread.ofPlatform().daemon().name("console").start(() -> read(serial));
  }

  private void read(InputStream serial) {
    try (BufferedReader reader =
            new BufferedReader(new InputStreamReader(serial, StandardCharsets.ISO_8859_1));
        OutputStream file = Files.newOutputStream(log)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        file.write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        synchronized (this) {
          lines.add(line);
          notifyAll();
        }
      }
    } catch (IOException e) {
      // The guest was ended while it spoke.
    }
    synchronized (this) {
      ended = true;
      notifyAll();
    }
  }

  /**
   * Waits for a line, behind the one that was waited for last.
   *
   * @throws LabFailure if the guest ends, fails or panics before, or the time is up
   */
  Matcher await(String regex, long deadline) throws InterruptedException {
    Pattern wanted = Pattern.compile(regex);
    synchronized (this) {
      while (true) {
        for (; next < lines.size(); next++) {
          Matcher found = wanted.matcher(lines.get(next));
          if (found.find()) {
            next++;
            return found;
          }
          Matcher bad = BAD.matcher(lines.get(next));
          if (bad.find()) {
            throw new LabFailure(
                "waiting for \"%s\", the guest says: %s".formatted(regex, bad.group()));
          }
        }
        if (ended) {
          throw new LabFailure("the guest ended without saying \"%s\"".formatted(regex));
        }
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw new LabFailure("the time is up: the guest did not say \"%s\"".formatted(regex));
        }
        wait(left);
      }
    }
  }

  /** The end of a guest without an expected outcome. */
  public enum End {
    /** It said what it says when it is done. */
    DONE,
    /** The machine was switched off before that. */
    OFF,
    /** The time was up. */
    SILENT
  }

  synchronized End awaitEnd(String done, long deadline) throws InterruptedException {
    Pattern wanted = Pattern.compile(done);
    while (true) {
      for (; next < lines.size(); next++) {
        if (wanted.matcher(lines.get(next)).find()) {
          return End.DONE;
        }
      }
      if (ended) {
        return End.OFF;
      }
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return End.SILENT;
      }
      wait(left);
    }
  }

  /** Waits until something was said, the guest has ended, or the time is up. */
  public synchronized void awaitAny(String regex, long milliseconds) throws InterruptedException {
    Pattern wanted = Pattern.compile(regex);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
    while (!ended && lines.stream().noneMatch(line -> wanted.matcher(line).find())) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  /** Returns the lines so far. */
  public synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /** Every match so far, of the guest's life. */
  public synchronized Stream<Matcher> all(String regex) {
    Pattern wanted = Pattern.compile(regex);
    return lines.stream().map(wanted::matcher).filter(Matcher::find).toList().stream();
  }

  /** The first match so far, if there is one. */
  public @Nullable Matcher first(String regex) {
    return all(regex).findFirst().orElse(null);
  }
}
