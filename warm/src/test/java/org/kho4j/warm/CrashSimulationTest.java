package org.kho4j.warm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.kho4j.warm.StoreLayout.U64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.LinuxException;

/**
 * Crashes between any two stores. Stores between two publishes may reach memory in any order, so a
 * crash leaves any subset of them: here every prefix of their order and of the reverse order, each
 * one alone, all but each one, and subsets at random.
 */
@EnabledOnOs(OS.LINUX)
class CrashSimulationTest {

  private static final long SIZE = WarmStore.MIN_SIZE;
  private static final int RANDOM_SUBSETS = 40;
  private static final WarmOptions OPTIONS = WarmOptions.of("sim", SIZE);

  /** What a store that opens after a crash shows. */
  private interface Verdict {
    void check(WarmStore store, StoreMemory memory, boolean returned);
  }

  private int crashes;

  /**
   * Prepares a store, records an action on it, and crashes within the action at every place.
   *
   * @param verdict gets whether the action had returned
   */
  private void crashWithin(
      Consumer<WarmStore> preparation, Consumer<WarmStore> action, Verdict verdict) {
    RecordingStoreMemory memory = RecordingStoreMemory.ofSize(SIZE);
    StoreFiles.format(memory, OPTIONS, PageSize.SIZE_4K);
    WarmStore store = open(memory);
    preparation.accept(store);
    MemorySegment before = MemorySegment.ofArray(memory.bytes().toArray(U64));
    memory.events.clear();
    action.accept(store);
    List<RecordingStoreMemory.Event> events = List.copyOf(memory.events);
    assertThat(events).isNotEmpty();

    List<RecordingStoreMemory.Event> interval = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(14);
    for (RecordingStoreMemory.Event event : events) {
      if (event.isPublish()) {
        crashAmong(before, interval, random, verdict);
        interval.forEach(stored -> before.set(U64, stored.at(), stored.value()));
        interval.clear();
        before.set(U64, event.at(), event.value());
      } else {
        interval.add(event);
      }
    }
    crashAmong(before, interval, random, verdict);
    interval.forEach(stored -> before.set(U64, stored.at(), stored.value()));
    crash(before, List.of(), verdict, true);
  }

  private void crashAmong(
      MemorySegment before,
      List<RecordingStoreMemory.Event> stores,
      SplittableRandom random,
      Verdict verdict) {
    int count = stores.size();
    crash(before, List.of(), verdict, false);
    for (int i = 0; i < count; i++) {
      crash(before, stores.subList(0, i + 1), verdict, false);
      crash(before, stores.subList(i, count), verdict, false);
      crash(before, stores.subList(i, i + 1), verdict, false);
      List<RecordingStoreMemory.Event> others = new ArrayList<>(stores);
      others.remove(i);
      crash(before, others, verdict, false);
    }
    for (int i = 0; i < RANDOM_SUBSETS && count > 2; i++) {
      crash(before, stores.stream().filter(_ -> random.nextBoolean()).toList(), verdict, false);
    }
  }

  private void crash(
      MemorySegment before,
      List<RecordingStoreMemory.Event> stored,
      Verdict verdict,
      boolean returned) {
    crashes++;
    RecordingStoreMemory memory = RecordingStoreMemory.copyOf(before);
    stored.forEach(event -> memory.bytes().set(U64, event.at(), event.value()));
    List<Long> found = generationsFound(memory);
    long live = StoreContent.read(memory).live().generation();
    assertThat(found).as("what a search finds").isNotEmpty().isSubsetOf(live - 1, live);
    if (returned) {
      assertThat(found).as("found without a crash").containsExactly(live);
    }

    WarmStore store = open(memory);

    assertThat(generationsFound(memory)).as("found after opening").containsExactly(live);
    verdict.check(store, memory, returned);
    // and it goes on from there
    store.region("afterwards").ifPresent(Region::drop);
    store.allocate("afterwards", 4096);
    store.commit();
    store.close();
    assertThat(StoreContent.read(memory).directory().regions())
        .extracting(WarmDirectory.Entry::name)
        .contains("afterwards");
    memory.memory().close();
  }

  /** The handovers that a reader finds who knows nothing of slots. */
  private static List<Long> generationsFound(RecordingStoreMemory memory) {
    List<Long> generations = new ArrayList<>();
    for (Handover handover : Handovers.find(memory.memory())) {
      var subtree = handover.subtree(WarmDirectory.SUBTREE).orElseThrow();
      generations.add(
          WarmDirectory.decode(memory.read(subtree.address(), subtree.size())).generation());
    }
    return generations;
  }

  private static WarmStore open(StoreMemory memory) {
    StoreContent content = StoreContent.read(memory);
    return new WarmStore(new Unclosed(memory), content, false, Optional.empty());
  }

  /** The memory is looked at after the store is closed. */
  private static final class Unclosed extends StoreMemory {
    private final StoreMemory memory;

    Unclosed(StoreMemory memory) {
      super(memory.memory());
      this.memory = memory;
    }

    @Override
    void put(long at, long value) {
      memory.put(at, value);
    }

    @Override
    void copy(long at, MemorySegment from) {
      memory.copy(at, from);
    }

    @Override
    void publish(long at, long value) {
      memory.publish(at, value);
    }

    @Override
    MemorySegment map(List<AddressRange> extents, Arena arena) throws LinuxException {
      return memory.map(extents, arena);
    }

    @Override
    void close() {
      // the test's
    }
  }

  private static Map<String, Long> sizes(WarmStore store) {
    Map<String, Long> sizes = new TreeMap<>();
    store.regions().forEach(region -> sizes.put(region.name(), region.bytes()));
    return sizes;
  }

  private static void oneOf(
      WarmStore store, boolean returned, Map<String, Long> before, Map<String, Long> after) {
    Map<String, Long> found = sizes(store);
    if (returned) {
      assertThat(found).isEqualTo(after);
    } else {
      assertThat(found).isIn(before, after);
    }
  }

  private static Map<String, Long> directory(Object... namesAndSizes) {
    Map<String, Long> sizes = new TreeMap<>();
    for (int i = 0; i < namesAndSizes.length; i += 2) {
      sizes.put((String) namesAndSizes[i], ((Number) namesAndSizes[i + 1]).longValue());
    }
    return sizes;
  }

  @Test
  void leavesTheFormerDirectoryOrTheNewOneWithinACommit() {
    crashWithin(
        store -> {
          store.allocate("kept", 10_000);
          store.allocate("dropped", 20_000);
          store.allocate("grown", 5_000);
          store.commit();
        },
        store -> {
          store.region("dropped").orElseThrow().drop();
          store.region("grown").orElseThrow().grow(60_000);
          store.allocate("new", 300, 7);
          store.commit();
        },
        (store, _, returned) ->
            oneOf(
                store,
                returned,
                directory("kept", 10_000, "dropped", 20_000, "grown", 5_000),
                directory("kept", 10_000, "grown", 60_000, "new", 300)));
    assertThat(crashes).isGreaterThan(150);
  }

  @Test
  void leavesTheFormerDirectoryOrTheNewOneWithinTheFirstCommit() {
    crashWithin(
        _ -> {},
        store -> {
          store.allocate("first", 1);
          store.commit();
        },
        (store, _, returned) -> oneOf(store, returned, directory(), directory("first", 1)));
  }

  @Test
  void leavesOneOfThreeDirectoriesWithinTwoCommits() {
    crashWithin(
        _ -> {},
        store -> {
          store.allocate("first", 1);
          store.commit();
          store.allocate("second", 2);
          store.commit();
        },
        (store, _, returned) -> {
          if (returned) {
            assertThat(sizes(store)).isEqualTo(directory("first", 1, "second", 2));
          } else {
            assertThat(sizes(store))
                .isIn(directory(), directory("first", 1), directory("first", 1, "second", 2));
          }
        });
  }

  @Test
  void leavesEveryRegionWithinClosing() {
    crashWithin(
        store -> store.allocate("kept", 10_000),
        WarmStore::close,
        (store, _, returned) -> {
          oneOf(store, returned, directory(), directory("kept", 10_000));
          if (store.wasClean()) {
            assertThat(sizes(store)).isEqualTo(directory("kept", 10_000));
          } else {
            assertThat(returned).isFalse();
          }
        });
  }

  @Test
  void leavesWhatWasThereBeforeATransactionOrAfterIt() {
    crashWithin(
        store -> {
          Region accounts = store.allocate("accounts", 4096);
          store.commit();
          for (int i = 0; i < 512; i++) {
            store.memory().put(address(accounts, i), 1000);
          }
        },
        store -> {
          Region accounts = store.region("accounts").orElseThrow();
          transfer(store, accounts, 3, 500, 40);
          transfer(store, accounts, 500, 7, 1);
        },
        (store, memory, returned) -> {
          Region accounts = store.region("accounts").orElseThrow();
          long a = memory.get(address(accounts, 3));
          long b = memory.get(address(accounts, 500));
          long c = memory.get(address(accounts, 7));
          List<Long> found = List.of(a, b, c);
          List<Long> last = List.of(960L, 1039L, 1001L);
          if (returned) {
            assertThat(found).isEqualTo(last);
          } else {
            assertThat(found).isIn(List.of(1000L, 1000L, 1000L), List.of(960L, 1040L, 1000L), last);
          }
        });
    assertThat(crashes).isGreaterThan(40);
  }

  @Test
  void takesBackATransactionThatIsNotCommitted() {
    crashWithin(
        store -> {
          Region accounts = store.allocate("accounts", 4096);
          store.commit();
          store.memory().put(address(accounts, 0), 5);
        },
        store -> {
          Region accounts = store.region("accounts").orElseThrow();
          try (Transaction abandoned = store.begin()) {
            abandoned.change(accounts, 0, 8);
            store.memory().put(address(accounts, 0), 6);
          }
        },
        (store, memory, _) ->
            assertThat(memory.get(address(store.region("accounts").orElseThrow(), 0)))
                .isEqualTo(5));
  }

  /** The sum of both is the same before and after, and nobody may find it different. */
  private static void transfer(WarmStore store, Region accounts, int from, int to, long amount) {
    StoreMemory memory = store.memory();
    try (Transaction transfer = store.begin()) {
      transfer.change(accounts, from * 8L, 8);
      transfer.change(accounts, to * 8L, 8);
      memory.put(address(accounts, from), memory.get(address(accounts, from)) - amount);
      memory.put(address(accounts, to), memory.get(address(accounts, to)) + amount);
      transfer.commit();
    }
  }

  private static long address(Region region, int index) {
    return region.ranges(index * 8L, 8).getFirst().address();
  }

  @Test
  void isNeverWrongWhenAnyBitOfItsMetadataIsFlipped() {
    RecordingStoreMemory memory = RecordingStoreMemory.ofSize(SIZE);
    StoreFiles.format(memory, OPTIONS, PageSize.SIZE_4K);
    WarmStore store = open(memory);
    Region accounts = store.allocate("accounts", 10_000);
    store.allocate("other", 5_000, 9);
    store.commit();
    for (int i = 0; i < 512; i++) {
      memory.put(address(accounts, i), 1000 + i);
    }
    Transaction underWay = store.begin();
    underWay.change(accounts, 64, 64);
    underWay.change(accounts, 256, 128);
    memory.put(address(accounts, 8), -1);
    memory.put(address(accounts, 32), -1);
    MemorySegment dead = MemorySegment.ofArray(memory.bytes().toArray(U64));
    CommitSlot live = StoreContent.read(memory).live();
    WarmDirectory directory = StoreContent.read(memory).directory();

    int refused = 0;
    int opened = 0;
    List<long[]> metadata =
        List.of(
            new long[] {0, 512},
            new long[] {16384, 16384 + 16 + 64 + 16 + 128},
            new long[] {live.set().address(), live.set().end()});
    for (long[] range : metadata) {
      for (long bit = range[0] * 8; bit < range[1] * 8; bit++) {
        long word = bit >>> 6 << 3;
        long original = memory.get(word);
        if (original == 0 && word > 8192 && bit % 509 != 0) {
          continue; // most of the set's pages are zeros behind their content
        }
        memory.bytes().set(U64, word, original ^ 1L << (bit & 63));
        try {
          StoreContent.read(memory);
        } catch (WarmException e) {
          refused++;
          assertThat(e.isLasting()).isTrue();
          memory.bytes().set(U64, word, original);
          continue;
        }
        opened++;
        RecordingStoreMemory flipped = RecordingStoreMemory.copyOf(memory.bytes());
        memory.bytes().set(U64, word, original);
        WarmStore again = open(flipped);
        assertThat(StoreContent.read(flipped).directory()).isEqualTo(directory);
        Region region = again.region("accounts").orElseThrow();
        for (int i = 0; i < 512; i++) {
          if (flipped.get(address(region, i)) != 1000 + i) {
            fail("bit %d: account %d is %d", bit, i, flipped.get(address(region, i)));
          }
        }
        flipped.memory().close();
      }
    }
    assertThat(memory.bytes().mismatch(dead)).as("what was refused is unchanged").isEqualTo(-1);
    assertThat(refused).isGreaterThan(2_000);
    assertThat(opened)
        .as("epoch, boot id, padding, the first word of the set")
        .isBetween(100, 2000);
  }
}
