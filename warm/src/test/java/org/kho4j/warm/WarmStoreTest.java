package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

@EnabledOnOs(OS.LINUX)
class WarmStoreTest {

  private static final long SIZE = 16L << 20;

  @TempDir Path dir;

  private Path path() {
    return dir.resolve("orders");
  }

  private static WarmOptions options() {
    return WarmOptions.of("orders", SIZE).withSchema(3);
  }

  private WarmStore open() throws IOException {
    return WarmStore.open(path(), options());
  }

  @Test
  void bringsRegionsOverARestart() throws IOException {
    try (WarmStore store = open()) {
      assertThat(store.regions()).isEmpty();
      store.allocate("book", 5_000_000, 7).segment().set(JAVA_LONG, 4_999_992, 42);
      store.allocate("index", 1).segment().set(JAVA_BYTE, 0, (byte) 9);
    }
    try (WarmStore store = open()) {
      assertThat(store.wasClean()).isTrue();
      assertThat(store.regions()).extracting(Region::name).containsExactly("book", "index");
      Region book = store.region("book", 7).orElseThrow();
      assertThat(book.bytes()).isEqualTo(5_000_000);
      assertThat(book.segment().byteSize()).isEqualTo(5_000_000);
      assertThat(book.segment().get(JAVA_LONG, 4_999_992)).isEqualTo(42);
      assertThat(store.region("index").orElseThrow().segment().get(JAVA_BYTE, 0))
          .isEqualTo((byte) 9);
      assertThat(store.region("none")).isEmpty();
    }
  }

  @Test
  void growsARegionWithoutMovingIt() throws IOException {
    try (WarmStore store = open()) {
      Region first = store.allocate("first", 1 << 20);
      long end = first.extents().getFirst().end();
      for (int i = 0; store.regions().stream().noneMatch(r -> startsAt(r, end)); i++) {
        store.allocate("behind " + i, 65536);
      }
      MemorySegment before = first.segment();
      before.set(JAVA_LONG, 0, 1);

      MemorySegment after = first.grow(3 << 20);

      assertThat(after.byteSize()).isEqualTo(3 << 20);
      assertThat(first.extents()).as("the memory behind it is taken").hasSize(2);
      assertThat(after.get(JAVA_LONG, 0)).isEqualTo(1);
      before.set(JAVA_LONG, 8, 2);
      assertThat(after.get(JAVA_LONG, 8)).isEqualTo(2);
      after.set(JAVA_LONG, (3 << 20) - 8, 3);
    }
    try (WarmStore store = open()) {
      MemorySegment again = store.region("first").orElseThrow().segment();
      assertThat(again.get(JAVA_LONG, 8)).isEqualTo(2);
      assertThat(again.get(JAVA_LONG, (3 << 20) - 8)).isEqualTo(3);
    }
  }

  private static boolean startsAt(Region region, long address) {
    return region.extents().getFirst().address() == address;
  }

  @Test
  void givesDroppedMemoryBackAsZeros() throws IOException {
    try (WarmStore store = open()) {
      for (int round = 0; round < 20; round++) {
        Region large = store.allocate("large", 10 << 20);
        MemorySegment segment = large.segment();
        for (long at = 0; at < segment.byteSize(); at += 4096) {
          assertThat(segment.get(JAVA_LONG, at)).isZero();
          segment.set(JAVA_LONG, at, -1);
        }
        large.drop();
        assertThatThrownBy(() -> segment.get(JAVA_LONG, 0))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(large::segment).hasMessage("region \"large\" has been dropped");
        store.commit();
      }
      assertThat(store.generation()).isEqualTo(21);
    }
  }

  @Test
  void keepsADroppedRegionsMemoryUntilTheCommit() throws IOException {
    try (WarmStore store = open()) {
      store.allocate("large", 10 << 20);
      store.commit();
      store.region("large").orElseThrow().drop();
      assertThatThrownBy(() -> store.allocate("other", 10 << 20))
          .isInstanceOf(WarmException.class)
          .hasMessageContaining("no room for 10485760 bytes of region \"other\"");
      store.commit();
      store.allocate("other", 10 << 20);
    }
  }

  @Test
  void takesBackWhatATransactionDidNotCommit() throws IOException {
    try (WarmStore store = open()) {
      Region region = store.allocate("accounts", 8192);
      MemorySegment accounts = region.segment();
      try (Transaction transaction = store.begin()) {
        transaction.change(region, 0, 16);
        accounts.set(JAVA_LONG, 0, 1);
        transaction.commit();
      }
      try (Transaction transaction = store.begin()) {
        transaction.change(region, 0, 16);
        accounts.set(JAVA_LONG, 0, 2);
        assertThatThrownBy(store::begin).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> transaction.change(region, 8190, 3))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
      assertThat(accounts.get(JAVA_LONG, 0)).isEqualTo(1);
    }
  }

  @Test
  void refusesATransactionThatIsTooLargeForItsLog() throws IOException {
    try (WarmStore store = open()) {
      Region region = store.allocate("large", 8 << 20);
      try (Transaction transaction = store.begin()) {
        assertThatThrownBy(() -> transaction.change(region, 0, 8 << 20))
            .isInstanceOf(WarmException.class)
            .hasMessageContaining("its log has 262144 of 262144 bytes left");
        transaction.change(region, 0, 100_000);
      }
    }
  }

  @Test
  void isAHandoverThatReadersFind() throws IOException {
    try (WarmStore store = open()) {
      store.allocate("book", 5_000_000).segment().set(JAVA_LONG, 0, 42);
      store.commit();
      try (PhysicalMemory memory = MemoryImages.open(path())) {
        List<Handover> found = Handovers.find(memory);
        assertThat(found).hasSize(1);
        var subtree = found.getFirst().subtree(WarmDirectory.SUBTREE).orElseThrow();
        WarmDirectory directory =
            WarmDirectory.decode(memory.read(subtree.address(), subtree.size()));
        assertThat(directory.generation()).isEqualTo(2);
        assertThat(directory.regions())
            .extracting(WarmDirectory.Entry::name)
            .containsExactly("book");
        long address = directory.regions().getFirst().extents().getFirst().address();
        assertThat(memory.read(address, 8).get(JAVA_LONG, 0)).isEqualTo(42);
        boolean[] preserved = new boolean[1];
        found
            .getFirst()
            .preservedMap()
            .forEachRun(
                (_, start, bytes) -> preserved[0] |= start <= address && address < start + bytes);
        assertThat(preserved[0]).as("the map has the region").isTrue();
      }
    }
  }

  @Test
  void verifiesContentAgainstTheChecksumsOfItsClosing() throws IOException {
    try (WarmStore store = WarmStore.open(path(), options().withChecksums())) {
      store.allocate("sound", 100_000).segment().fill((byte) 5);
      store.allocate("flipped", 100_000).segment().fill((byte) 6);
    }
    long address;
    try (WarmStore store = open()) {
      assertThat(store.region("sound").orElseThrow().verify()).isEqualTo(Region.Check.MATCH);
      address = store.region("flipped").orElseThrow().extents().getFirst().address();
    }
    try (WarmStore store = WarmStore.open(path(), options().withChecksums())) {
      assertThat(store.region("sound").orElseThrow().verify())
          .as("the owner before recorded none")
          .isEqualTo(Region.Check.UNKNOWN);
    }
    try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {7}), address + 50_000);
    }
    try (WarmStore store = open()) {
      assertThat(store.region("sound").orElseThrow().verify()).isEqualTo(Region.Check.MATCH);
      Region flipped = store.region("flipped").orElseThrow();
      assertThat(flipped.verify()).isEqualTo(Region.Check.MISMATCH);
      flipped.segment();
      assertThat(flipped.verify()).isEqualTo(Region.Check.UNKNOWN);
    }
  }

  @Test
  void attachesWithoutReadingAByteOfItsRegions() throws IOException {
    WarmOptions huge = WarmOptions.of("orders", 64L << 30).withoutReserving();
    try (WarmStore store = WarmStore.open(path(), huge)) {
      MemorySegment book = store.allocate("book", 60L << 30).segment();
      book.set(JAVA_LONG, (60L << 30) - 8, 42);
    }
    try (WarmStore store = WarmStore.open(path(), huge)) {
      MemorySegment book = store.region("book").orElseThrow().segment();
      assertThat(book.get(JAVA_LONG, (60L << 30) - 8)).isEqualTo(42);
    }
    long allocated = (long) Files.getAttribute(path(), "unix:size");
    assertThat(allocated).isEqualTo(64L << 30);
  }

  private void refused(WarmException.Reason reason, String message, ThrowingCallable open)
      throws IOException {
    byte[] before = Files.readAllBytes(path());
    assertThatThrownBy(open)
        .isInstanceOfSatisfying(WarmException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(message)
        .hasMessageContaining(path().toString());
    assertThat(Files.readAllBytes(path())).as("nothing changed").isEqualTo(before);
    try (var files = Files.list(dir)) {
      assertThat(files).containsExactly(path());
    }
  }

  private void overwrite(long at, int value) throws IOException {
    try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {(byte) value}), at);
    }
  }

  @Test
  void refusesASecondOwner() throws IOException {
    try (WarmStore store = open()) {
      store.allocate("book", 4096).segment().set(JAVA_LONG, 0, 42);
      refused(WarmException.Reason.LOCKED, "is in use: another process", this::open);
      store.commit();
    }
    open().close();
  }

  @Test
  void refusesStoresThatAreNotTheOneAskedFor() throws IOException {
    open().close();
    refused(
        WarmException.Reason.FOREIGN,
        "is the store \"orders\", not \"other\"",
        () -> WarmStore.open(path(), WarmOptions.of("other", SIZE).withSchema(3)));
    refused(
        WarmException.Reason.SCHEMA,
        "has schema 3, not 4",
        () -> WarmStore.open(path(), options().withSchema(4)));
    overwrite(StoreLayout.LAYOUT_AT, 2);
    refused(WarmException.Reason.LAYOUT, "has layout 2; this version reads layout 1", this::open);
  }

  @Test
  void refusesARegionOfAnotherSchema() throws IOException {
    try (WarmStore store = open()) {
      store.allocate("book", 4096, 7);
      assertThatThrownBy(() -> store.region("book", 8))
          .isInstanceOf(WarmException.class)
          .hasMessageContaining("region \"book\" has schema 7, not 8");
    }
  }

  @Test
  void refusesFilesThatAreNoStore() throws IOException {
    LinuxFileOf.bytes(path(), 4L << 20);
    refused(WarmException.Reason.FOREIGN, "is not a warm store", this::open);
    Files.delete(path());
    LinuxFileOf.bytes(path(), 10);
    refused(WarmException.Reason.FOREIGN, "has 10 bytes; a store has at least", this::open);
  }

  @Test
  void refusesATruncatedStore() throws IOException {
    open().close();
    try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      file.truncate(SIZE - 4096);
    }
    refused(
        WarmException.Reason.TRUNCATED, "has 16773120 bytes; the store has 16777216", this::open);
  }

  @Test
  void refusesADamagedStore() throws IOException {
    open().close();
    overwrite(StoreLayout.NAME_AT, 'x');
    refused(WarmException.Reason.DAMAGED, "the first page's checksum is", this::open);
  }

  /** Its checksum is right: another program wrote it. */
  @Test
  void refusesALogOutsideOfTheStore() throws IOException {
    open().close();
    byte[] bytes = Files.readAllBytes(path());
    MemorySegment page = MemorySegment.ofArray(bytes);
    page.set(StoreLayout.U64, StoreLayout.LOG_ADDRESS_AT, SIZE);
    page.set(
        StoreLayout.U32,
        StoreLayout.IDENTITY_CHECKSUM_AT,
        StoreLayout.checksum(page.asSlice(0, StoreLayout.IDENTITY_CHECKSUM_AT)));
    Files.write(path(), bytes);
    refused(WarmException.Reason.DAMAGED, "the metadata is damaged: ", () -> WarmView.read(path()));
    refused(WarmException.Reason.DAMAGED, "the metadata is damaged: ", this::open);
  }

  @Test
  void refusesAFileThatOthersCanRead() throws IOException {
    open().close();
    Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString("rw-r-----"));
    refused(
        WarmException.Reason.PERMISSIONS,
        "has mode 0640: others can use it; a store has 0600",
        this::open);
  }

  @Test
  void opensNothingThroughALink() throws IOException {
    open().close();
    Path link = Files.createSymbolicLink(dir.resolve("link"), path());
    assertThatThrownBy(() -> WarmStore.open(link, options()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ELOOP");
  }

  @Test
  void createsNothingWhereMemoryIsMissing() throws IOException {
    Path shm = Path.of("/dev/shm/kho4j-warm-test-" + ProcessHandle.current().pid());
    assertThatThrownBy(() -> WarmStore.open(shm, WarmOptions.of("orders", 1L << 50)))
        .isInstanceOfSatisfying(
            WarmException.class, e -> assertThat(e.reason()).isEqualTo(WarmException.Reason.ROOM))
        .hasMessageContaining("bytes of memory are available");
    assertThat(shm).doesNotExist();
    assertThat(shm.resolveSibling(shm.getFileName() + ".new")).doesNotExist();
  }

  @Test
  void setsADamagedStoreAsideAndBeginsANewOne() throws IOException {
    for (int i = 1; i <= 2; i++) {
      open().close();
      overwrite(StoreLayout.NAME_AT, 'x');
      byte[] damaged = Files.readAllBytes(path());

      try (WarmStore store = WarmStore.open(path(), options().settingAside())) {
        assertThat(store.setAside()).contains(dir.resolve("orders.aside-" + i));
        assertThat(store.regions()).isEmpty();
      }

      assertThat(dir.resolve("orders.aside-" + i)).hasBinaryContent(damaged);
    }
    try (WarmStore store = WarmStore.open(path(), options().settingAside())) {
      assertThat(store.setAside()).isEmpty();
    }
  }

  @Test
  void fencesAnOwnerWhoseStoreWasOpenedElsewhere() throws IOException {
    WarmStore first = open();
    first.allocate("book", 4096);
    first.commit();
    // what a kexec does: the lock is gone and another owner counts the epoch on
    overwrite(StoreLayout.EPOCH_AT, 9);

    assertThatThrownBy(first::commit)
        .isInstanceOfSatisfying(
            WarmException.class,
            e -> assertThat(e.reason()).isEqualTo(WarmException.Reason.FENCED));
    assertThatThrownBy(first::begin).isInstanceOf(WarmException.class);
    assertThatThrownBy(first::close).isInstanceOf(WarmException.class);
    try (WarmStore second = open()) {
      assertThat(second.wasClean()).isFalse();
    }
  }

  @Test
  void replacesWhatACreatorLeftThatDied() throws IOException {
    LinuxFileOf.bytes(dir.resolve("orders.new"), 100);
    open().close();
    assertThat(dir.resolve("orders.new")).doesNotExist();
  }

  /** A file of its owner's alone, of zeros. */
  private static final class LinuxFileOf {
    static void bytes(Path path, long size) throws IOException {
      org.kho4j.linux.LinuxFile.create(path, size).close();
    }
  }
}
