package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 at random instants of a {@link KilledProcess}; after each, this JVM opens every store and
 * compares it with what the process had reported. One kill in four comes while the process starts,
 * the others while it works. The build kills a few times; the properties {@code warm.kills} and
 * {@code warm.stores} make it a run of hours.
 */
@EnabledOnOs(OS.LINUX)
class KillTest {

  private static final int KILLS = Integer.getInteger("warm.kills", 8);
  private static final int STORES = Integer.getInteger("warm.stores", 2);
  private static final long SEED = Long.getLong("warm.seed", 14);
  private static final long LONGEST_NANOS = 100_000_000;

  /** A start-up cache costs as much as some 20 kills. */
  private static final int KILLS_FOR_A_CACHE = 50;

  @TempDir Path dir;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final Arena arena = Arena.ofShared();
  private List<KillReport> reports = List.of();
  private KilledProgram program;
  private final long[] generations = new long[STORES];
  private final long[] transfers = new long[STORES];
  private int starting;
  private int inTransaction;
  private int inCommit;

  @BeforeEach
  void createStores() throws Exception {
    reports = KillReport.open(dir, STORES, arena);
    for (int number = 0; number < STORES; number++) {
      KilledProcess.create(KilledProcess.store(dir, number));
      checkAndClose(number);
    }
    program = new KilledProgram(dir, STORES);
    if (KILLS >= KILLS_FOR_A_CACHE) {
      program.cache();
    }
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void losesNothingThatWasCommitted() throws Exception {
    long start = System.nanoTime();
    for (int kill = 1; kill <= KILLS; kill++) {
      kill();
      for (int number = 0; number < STORES; number++) {
        look(KilledProcess.store(dir, number));
        checkAndClose(number);
      }
      checkBriefStore();
      if (kill % 100 == 0 || kill == KILLS) {
        System.out.printf(
            "seed %d: %,d kills, %d stores each, %.2f a second; stores that were not open yet: %,d,"
                + " within a transaction: %,d, within a commit: %,d; %,d commits, %,d transfers%n",
            SEED,
            kill,
            STORES,
            kill * 1e9 / (System.nanoTime() - start),
            starting,
            inTransaction,
            inCommit,
            LongStream.of(generations).sum(),
            LongStream.of(transfers).sum());
      }
    }
  }

  /** Runs the program and kills it at a random instant. */
  private void kill() throws Exception {
    Process process = program.start(random.nextLong(), random.nextBoolean() ? 1 : 4);
    assertThat(process.getInputStream().read()).as("the process begins").isEqualTo('\n');
    if (random.nextInt(4) != 0) {
      assertThat(process.getInputStream().read()).as("the process works").isEqualTo('\n');
    }
    LockSupport.parkNanos(random.nextLong(LONGEST_NANOS));
    assertThat(process.isAlive()).as("the process works until it is killed").isTrue();
    // Neither a mapping nor a look at the dead process keeps the lock.
    boolean isLookedAt = random.nextInt(4) == 0;
    Thread looking = Thread.ofVirtual().unstarted(() -> lookAt(process));
    if (isLookedAt) {
      looking.start();
    }
    process.destroyForcibly().waitFor();
    process.getInputStream().close();
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

  /** Counts what the kill has interrupted. */
  private void look(Path store) throws IOException {
    ByteBuffer page = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel file = FileChannel.open(store)) {
      file.read(page);
    }
    if (page.getLong(StoreLayout.STATE_AT) == StoreLayout.CLEAN) {
      starting++;
    }
    if (page.getLong(StoreLayout.LOG_HEAD_AT) != 0) {
      inTransaction++;
    }
    if (page.getLong(StoreLayout.SLOT_AT) == StoreLayout.EMPTY
        || page.getLong(StoreLayout.SLOT_AT + StoreLayout.SLOT_BYTES) == StoreLayout.EMPTY) {
      inCommit++;
    }
  }

  /** Every promise that a store's content can show. */
  private void checkAndClose(int number) throws IOException {
    KillReport report = reports.get(number);
    WarmStore opened = WarmStore.open(KilledProcess.store(dir, number), KilledProcess.OPTIONS);
    try (WarmStore store = opened) {
      long generation = store.generation();
      long committed = report.committed();
      if (committed != 0) {
        assertThat(generation).as("the commit").isBetween(committed, committed + 1);
        assertThat(report.has(generation, store.regions())).as("its directory").isTrue();
        if (store.wasClean()) {
          assertThat(generation).isEqualTo(committed);
        }
      }
      checkContent(store);
      checkTransfers(number, store);
      report.committing(generation + 1, store.regions());
    }
    generations[number] = opened.generation();
    report.committed(generations[number]);
  }

  private static void checkContent(WarmStore store) {
    for (Region region : store.regions()) {
      MemorySegment words = region.segment();
      switch (region.name()) {
        case "accounts" -> checkSum(words);
        case "growing" -> allAre(region, words, KilledProcess.GROWING);
        default -> {
          long value = Long.parseLong(region.name().substring(1));
          assertThat(words.byteSize()).isEqualTo(value * 8);
          allAre(region, words, value);
        }
      }
    }
  }

  private static void checkSum(MemorySegment accounts) {
    long sum = 0;
    for (long i = 0; i < KilledProcess.ACCOUNTS; i++) {
      sum += accounts.getAtIndex(JAVA_LONG, i);
    }
    assertThat(sum).isEqualTo(KilledProcess.ACCOUNTS * KilledProcess.BALANCE);
  }

  private void checkTransfers(int number, WarmStore store) {
    KillReport report = reports.get(number);
    long found = KilledProcess.transfers(store.region("accounts").orElseThrow().segment());
    assertThat(found).isBetween(report.transferred(), report.transferred() + 1);
    report.transferred(found);
    transfers[number] = found;
  }

  private static void allAre(Region region, MemorySegment words, long value) {
    for (long i = 0; i < words.byteSize() / 8; i++) {
      long found = words.getAtIndex(JAVA_LONG, i);
      if (found != value) {
        throw new AssertionError("region %s: word %d is %d".formatted(region.name(), i, found));
      }
    }
  }

  /** A store whose creation or closing was interrupted is there or is created again. */
  private void checkBriefStore() throws IOException {
    try (WarmStore store = WarmStore.open(KilledProcess.brief(dir), KilledProcess.BRIEF)) {
      checkContent(store);
    }
    Files.delete(KilledProcess.brief(dir));
  }
}
