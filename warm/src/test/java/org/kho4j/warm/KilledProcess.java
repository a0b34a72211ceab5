package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;

/**
 * A program that works until it is killed: it creates a store and closes it, then opens several, a
 * thread each, and commits, allocates, grows, drops and runs transactions in them. Arguments: a
 * seed, the directory of the stores, the number of stores, the rounds after which the program ends.
 * A {@code \n} on standard output says that it begins, another one that every thread has done a
 * round.
 *
 * <p>Any content that a crash may leave keeps this: the {@value #ACCOUNTS} accounts have {@value
 * #BALANCE} each on average, every word of "growing" is {@value #GROWING}, and a region "rN" has N
 * words, each of which is N.
 */
final class KilledProcess {

  static final WarmOptions OPTIONS = WarmOptions.of("killed", 16L << 20);
  static final WarmOptions BRIEF = WarmOptions.of("brief", WarmStore.MIN_SIZE);
  static final int ACCOUNTS = 1024;
  static final long BALANCE = 1000;
  static final long GROWING = 7;

  private static final int TRANSFERS = 50;
  private static final int MAX_REGIONS = 20;
  private static final int MAX_GROWING = 50_000;

  private final WarmStore store;
  private final KillReport report;
  private final SplittableRandom random;

  private KilledProcess(WarmStore store, KillReport report, SplittableRandom random) {
    this.store = store;
    this.report = report;
    this.random = random;
  }

  public static void main(String[] arguments) throws Exception {
    say();
    Path directory = Path.of(arguments[1]);
    int stores = Integer.parseInt(arguments[2]);
    long rounds = Long.parseLong(arguments[3]);
    SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[0]));
    createAndClose(directory);
    List<KillReport> reports = KillReport.open(directory, stores, Arena.global());
    CountDownLatch working = new CountDownLatch(stores);
    for (int number = 0; number < stores; number++) {
      WarmStore store = WarmStore.open(store(directory, number), OPTIONS);
      KilledProcess process = new KilledProcess(store, reports.get(number), random.split());
      Thread.ofPlatform().start(() -> process.work(rounds, working));
    }
    working.await();
    say();
  }

  private static void say() {
    System.out.write('\n');
    System.out.flush();
  }

  static Path store(Path directory, int number) {
    return directory.resolve("store-" + number);
  }

  static Path brief(Path directory) {
    return directory.resolve("brief");
  }

  private static void createAndClose(Path directory) throws IOException {
    try (WarmStore store = WarmStore.open(brief(directory), BRIEF)) {
      fill(store.allocate("r100", 800).segment(), 0, 100, 100);
    }
  }

  /** Makes a store ready for the program. */
  static void create(Path path) throws IOException {
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      fill(store.allocate("accounts", (ACCOUNTS + 1) * 8L).segment(), 0, ACCOUNTS, BALANCE);
      fill(store.allocate("growing", 8).segment(), 0, 1, GROWING);
    }
  }

  /** The word behind the accounts. */
  static long transfers(MemorySegment accounts) {
    return accounts.getAtIndex(JAVA_LONG, ACCOUNTS);
  }

  private void work(long rounds, CountDownLatch working) {
    for (long round = 0; round < rounds; round++) {
      for (int i = 0; i < TRANSFERS; i++) {
        transfer();
      }
      change();
      long next = store.generation() + 1;
      report.committing(next, store.regions());
      store.commit();
      report.committed(next);
      working.countDown();
    }
  }

  private void change() {
    int words = 1 + random.nextInt(random.nextInt(8) == 0 ? 20_000 : 2_000);
    String name = "r" + words;
    if (store.region(name).isEmpty() && store.regions().size() < MAX_REGIONS) {
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
    if (before < MAX_GROWING) {
      // filled before the commit, so whatever size is found is filled
      long after = before + 1 + random.nextInt(1000);
      fill(growing.grow(after * 8), before, after, GROWING);
    } else {
      growing.drop();
      fill(store.allocate("growing", 8).segment(), 0, 1, GROWING);
    }
  }

  private static void fill(MemorySegment words, long from, long to, long value) {
    for (long i = from; i < to; i++) {
      words.setAtIndex(JAVA_LONG, i, value);
    }
  }

  /** Moves an amount and counts the transfer; one in 16 is taken back. */
  private void transfer() {
    Region region = store.region("accounts").orElseThrow();
    MemorySegment accounts = region.segment();
    int from = random.nextInt(ACCOUNTS);
    int to = random.nextInt(ACCOUNTS);
    long amount = random.nextLong(100);
    long count = transfers(accounts) + 1;
    boolean stays = random.nextInt(16) != 0;
    try (Transaction transfer = store.begin()) {
      transfer.change(region, from * 8L, 8);
      transfer.change(region, to * 8L, 8);
      transfer.change(region, ACCOUNTS * 8L, 8);
      accounts.setAtIndex(JAVA_LONG, from, accounts.getAtIndex(JAVA_LONG, from) - amount);
      accounts.setAtIndex(JAVA_LONG, to, accounts.getAtIndex(JAVA_LONG, to) + amount);
      accounts.setAtIndex(JAVA_LONG, ACCOUNTS, count);
      if (stays) {
        transfer.commit();
      }
    }
    if (stays) {
      report.transferred(count);
    }
  }
}
