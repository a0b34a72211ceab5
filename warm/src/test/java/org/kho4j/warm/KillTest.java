package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 at random instants of a process that commits, grows, drops and runs transactions, in
 * several stores at once, a thread each. The build kills a few times; the properties {@code
 * warm.kills} and {@code warm.stores} make it a run of hours.
 */
@EnabledOnOs(OS.LINUX)
class KillTest {

  private static final int KILLS = Integer.getInteger("warm.kills", 6);
  private static final int STORES = Integer.getInteger("warm.stores", 2);
  private static final long SEED = Long.getLong("warm.seed", 14);
  private static final WarmOptions OPTIONS = WarmOptions.of("killed", 64L << 20);
  private static final int ACCOUNTS = 1024;
  private static final long BALANCE = 1000;

  @TempDir Path dir;

  /** A process that works until it is killed. Each step is reported before and after. */
  static final class Worker {

    public static void main(String[] arguments) throws Exception {
      SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[0]));
      CountDownLatch working = new CountDownLatch(arguments.length - 1);
      for (int i = 1; i < arguments.length; i++) {
        WarmStore store = WarmStore.open(Path.of(arguments[i]), OPTIONS);
        SplittableRandom own = random.split();
        Thread.ofPlatform().start(() -> work(store, own, working));
      }
      working.await();
      System.out.write('\n');
      System.out.flush();
    }

    private static void work(WarmStore store, SplittableRandom random, CountDownLatch working) {
      // Classes and code are there after a few rounds: then the kill meets commits, not the start.
      for (int round = 0; ; round++) {
        for (int i = 0; i < 50; i++) {
          transfer(store, random);
        }
        change(store, random);
        if (round == 4) {
          working.countDown();
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
    List<Path> paths =
        IntStream.range(0, STORES).mapToObj(number -> dir.resolve("store-" + number)).toList();
    for (Path path : paths) {
      create(path);
    }
    SplittableRandom random = new SplittableRandom(SEED);
    long[] generations = new long[STORES];
    long start = System.nanoTime();
    for (int kill = 0; kill < KILLS; kill++) {
      List<String> command = new ArrayList<>();
      command.add(ProcessHandle.current().info().command().orElseThrow());
      command.add("-XX:+UseSerialGC");
      command.add("-XX:TieredStopAtLevel=" + (kill % 2 == 0 ? 1 : 4));
      command.add("--enable-native-access=ALL-UNNAMED");
      command.addAll(List.of("-cp", classPath(Worker.class), Worker.class.getName()));
      command.add(Long.toString(random.nextLong()));
      paths.forEach(path -> command.add(path.toString()));
      Process worker =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      assertThat(worker.getInputStream().read()).as("the worker works").isEqualTo('\n');
      // the instant is random, and nothing depends on which it is
      boolean ended =
          worker.waitFor(random.nextLong(1, 50), java.util.concurrent.TimeUnit.MILLISECONDS);
      assertThat(ended).as("the worker works until it is killed").isFalse();
      Thread looking = Thread.ofVirtual().start(() -> lookAt(worker));
      worker.destroyForcibly().waitFor();

      for (int number = 0; number < STORES; number++) {
        // At once: neither a mapping nor a look at the dead process keeps the lock.
        try (WarmStore store = WarmStore.open(paths.get(number), OPTIONS)) {
          assertThat(store.wasClean()).isFalse();
          assertThat(store.generation()).isGreaterThanOrEqualTo(generations[number]);
          check(store);
          generations[number] = store.generation();
        }
      }
      looking.join();
      if ((kill + 1) % 100 == 0) {
        System.out.printf(
            "seed %d: %,d kills of a process with %d stores, %.2f a second, %,d commits%n",
            SEED,
            kill + 1,
            STORES,
            (kill + 1) * 1e9 / (System.nanoTime() - start),
            LongStream.of(generations).sum());
      }
    }
  }

  /** As ps and top do, until the process is gone: the kernel keeps its memory meanwhile. */
  private static void lookAt(Process process) {
    while (true) {
      try {
        Files.readAllBytes(Path.of("/proc/" + process.pid() + "/cmdline"));
      } catch (IOException gone) {
        return;
      }
    }
  }

  private static void create(Path path) throws IOException {
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      MemorySegment accounts = store.allocate("accounts", ACCOUNTS * 8).segment();
      for (int i = 0; i < ACCOUNTS; i++) {
        accounts.setAtIndex(JAVA_LONG, i, BALANCE);
      }
      store.allocate("growing", 8).segment().set(JAVA_LONG, 0, 7);
    }
  }
}
