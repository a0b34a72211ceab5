package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 at random instants of a process that commits, grows, drops and runs transactions. The
 * build kills a few times; the property {@code warm.kills} makes it a run of hours.
 */
@EnabledOnOs(OS.LINUX)
class KillTest {

  private static final int KILLS = Integer.getInteger("warm.kills", 6);
  private static final long SEED = Long.getLong("warm.seed", 14);
  private static final WarmOptions OPTIONS = WarmOptions.of("killed", 64L << 20);
  private static final int ACCOUNTS = 1024;
  private static final long BALANCE = 1000;

  @TempDir Path dir;

  /** A process that works until it is killed. Each step is reported before and after. */
  static final class Worker {

    public static void main(String[] arguments) throws IOException {
      WarmStore store = WarmStore.open(Path.of(arguments[0]), OPTIONS);
      SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[1]));
      // Classes and code are there after a few rounds: then the kill meets commits, not the start.
      for (int round = 0; ; round++) {
        for (int i = 0; i < 50; i++) {
          transfer(store, random);
        }
        change(store, random);
        if (round == 4) {
          System.out.write('\n');
          System.out.flush();
        }
      }
    }

    /** Any change of the directory keeps this: a region "rN" has N words, each N. */
    private static void change(WarmStore store, SplittableRandom random) {
      int words = 1 + random.nextInt(20_000);
      String name = "r" + words;
      if (store.region(name).isEmpty() && store.regions().size() < 20) {
        fill(store.allocate(name, words * 8L).segment(), 0, words, words);
      } else {
        List<Region> numbered =
            store.regions().stream().filter(region -> region.name().startsWith("r")).toList();
        if (!numbered.isEmpty()) {
          numbered.get(random.nextInt(numbered.size())).drop();
        }
      }
      Region growing = store.region("growing").orElseThrow();
      long before = growing.bytes() / 8;
      if (before < 50_000) {
        // filled before the commit, so whatever size is found is filled
        fill(growing.grow((before + 1 + random.nextInt(1000)) * 8), before, growing.bytes() / 8, 7);
      } else {
        growing.drop();
        store.allocate("growing", 8).segment().set(JAVA_LONG, 0, 7);
      }
      store.commit();
    }

    private static void fill(MemorySegment words, long from, long to, long value) {
      for (long i = from; i < to; i++) {
        words.setAtIndex(JAVA_LONG, i, value);
      }
    }

    private static void transfer(WarmStore store, SplittableRandom random) {
      Region region = store.region("accounts").orElseThrow();
      MemorySegment accounts = region.segment();
      int from = random.nextInt(ACCOUNTS);
      int to = random.nextInt(ACCOUNTS);
      long amount = random.nextLong(100);
      try (Transaction transfer = store.begin()) {
        transfer.change(region, from * 8L, 8);
        transfer.change(region, to * 8L, 8);
        accounts.setAtIndex(JAVA_LONG, from, accounts.getAtIndex(JAVA_LONG, from) - amount);
        accounts.setAtIndex(JAVA_LONG, to, accounts.getAtIndex(JAVA_LONG, to) + amount);
        transfer.commit();
      }
    }
  }

  /** Every promise that the worker's content can show. */
  private static void check(WarmStore store) {
    long sum = 0;
    MemorySegment accounts = store.region("accounts").orElseThrow().segment();
    for (int i = 0; i < ACCOUNTS; i++) {
      sum += accounts.getAtIndex(JAVA_LONG, i);
    }
    assertThat(sum).isEqualTo(ACCOUNTS * BALANCE);
    for (Region region : store.regions()) {
      MemorySegment words = region.segment();
      if (!region.name().equals("accounts")) {
        long expected =
            region.name().equals("growing") ? 7 : Long.parseLong(region.name().substring(1));
        if (expected != 7) {
          assertThat(region.bytes()).isEqualTo(expected * 8);
        }
        for (long i = 0; i < region.bytes() / 8; i++) {
          if (words.getAtIndex(JAVA_LONG, i) != expected) {
            throw new AssertionError(
                "region %s: word %d is %d"
                    .formatted(region.name(), i, words.getAtIndex(JAVA_LONG, i)));
          }
        }
      }
    }
  }

  /** Where a process of its own finds the classes, on whatever path this one has them. */
  private static String classPath(Class<?> program) {
    String file = "/" + program.getName().replace('.', '/') + ".class";
    String found = String.valueOf(program.getResource(file));
    String root = URI.create(found.substring(0, found.length() - file.length() + 1)).getPath();
    return String.join(
        ":",
        root,
        System.getProperty("java.class.path"),
        System.getProperty("jdk.module.path", ""));
  }

  @Test
  void losesNothingThatWasCommitted() throws Exception {
    Path path = dir.resolve("store");
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      MemorySegment accounts = store.allocate("accounts", ACCOUNTS * 8).segment();
      for (int i = 0; i < ACCOUNTS; i++) {
        accounts.setAtIndex(JAVA_LONG, i, BALANCE);
      }
      store.allocate("growing", 8).segment().set(JAVA_LONG, 0, 7);
    }
    SplittableRandom random = new SplittableRandom(SEED);
    long generation = 0;
    long start = System.nanoTime();
    for (int kill = 0; kill < KILLS; kill++) {
      Process worker =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElseThrow(),
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=" + (kill % 2 == 0 ? 1 : 4),
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  classPath(Worker.class),
                  Worker.class.getName(),
                  path.toString(),
                  Long.toString(random.nextLong()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      assertThat(worker.getInputStream().read()).as("the worker works").isEqualTo('\n');
      // the instant is random, and nothing depends on which it is
      boolean ended =
          worker.waitFor(random.nextLong(1, 50), java.util.concurrent.TimeUnit.MILLISECONDS);
      assertThat(ended).as("the worker works until it is killed").isFalse();
      worker.destroyForcibly().waitFor();

      try (WarmStore store = WarmStore.open(path, OPTIONS)) {
        assertThat(store.wasClean()).isFalse();
        assertThat(store.generation()).isGreaterThanOrEqualTo(generation);
        check(store);
        generation = store.generation();
      }
      if ((kill + 1) % 100 == 0) {
        System.out.printf(
            "seed %d: %,d kills, %.2f a second, generation %,d%n",
            SEED, kill + 1, (kill + 1) * 1e9 / (System.nanoTime() - start), generation);
      }
    }
  }
}
