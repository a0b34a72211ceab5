package org.kho4j.warm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Owners that open the same store at the same time: one has it, the others are refused. */
@EnabledOnOs(OS.LINUX)
class RacingOwnersTest {

  private static final int ROUNDS = Integer.getInteger("warm.races", 20);
  private static final int OWNERS = 4;
  private static final WarmOptions OPTIONS =
      WarmOptions.of("raced", WarmStore.MIN_SIZE).settingAside();

  @TempDir Path dir;

  @Test
  void createOneStore() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      race(dir.resolve("store-" + round));
      assertThat(names()).containsExactly("store-" + round);
      Files.delete(dir.resolve("store-" + round));
    }
  }

  @Test
  void setADamagedStoreAsideOnce() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      Path path = dir.resolve("store");
      WarmStore.open(path, OPTIONS).close();
      byte[] damaged = Files.readAllBytes(path);
      damaged[StoreLayout.NAME_AT] ^= 1;
      Files.write(path, damaged);
      race(path);
      assertThat(names()).containsExactly("store", "store.aside-1");
      Path aside = dir.resolve("store.aside-1");
      assertThat(aside).hasBinaryContent(damaged);
      Files.delete(path);
      Files.delete(aside);
    }
  }

  @Test
  void replaceWhatACreatorLeftThatDied() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      Path path = dir.resolve("store");
      Files.createFile(
          dir.resolve(".store.kho4j-new"),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      race(path);
      assertThat(names()).containsExactly("store");
      Files.delete(path);
    }
  }

  /** One owner at least has the store, and what one leaves there the next one finds. */
  private static void race(Path path) throws Exception {
    CyclicBarrier start = new CyclicBarrier(OWNERS);
    Callable<Boolean> owner =
        () -> {
          start.await();
          return own(path);
        };
    List<Future<Boolean>> owners = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(OWNERS)) {
      for (int i = 0; i < OWNERS; i++) {
        owners.add(threads.submit(owner));
      }
    }
    int owned = 0;
    for (Future<Boolean> one : owners) {
      owned += one.get() ? 1 : 0;
    }
    assertThat(owned).isPositive();
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      assertThat(store.path()).isEqualTo(path);
      assertThat(store.setAside()).isEmpty();
      assertThat(store.regions()).hasSize(owned);
    }
  }

  private static boolean own(Path path) throws IOException {
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      store.allocate("region-" + store.regions().size(), 1);
      return true;
    } catch (WarmException e) {
      assertThat(e.reason()).isEqualTo(WarmException.Reason.LOCKED);
      return false;
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
