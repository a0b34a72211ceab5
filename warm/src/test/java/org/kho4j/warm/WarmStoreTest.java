package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.Linux;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.LinuxFile;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
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

  /** The owner before grew the region, stored in the new bytes, and ended before a commit. */
  @Test
  void growsByZerosWithinAPage() throws IOException {
    WarmStore dies = open();
    Region region = dies.allocate("region", 100);
    region.segment().fill((byte) 1);
    dies.commit();
    region.grow(9000).fill((byte) 2);
    dies.abandon();

    try (WarmStore store = open()) {
      MemorySegment grown = store.region("region").orElseThrow().grow(200);
      for (int at = 100; at < 200; at++) {
        assertThat(grown.get(JAVA_BYTE, at)).as("byte %d", at).isZero();
      }
      assertThat(grown.get(JAVA_BYTE, 99)).isEqualTo((byte) 2);
      grown.fill((byte) 3);
      assertThat(store.region("region").orElseThrow().grow(300).get(JAVA_BYTE, 199))
          .isEqualTo((byte) 3);
    }
  }

  /** In a sparse store on a full disk, the system has no memory for the bytes. */
  @Test
  void givesTheMemoryBackIfTheNewBytesCannotBeCleared() throws IOException {
    StoreMemory memory =
        new StoreMemory(WritableMemory.allocate(0, SIZE)) {
          @Override
          MemorySegment map(List<AddressRange> extents, Arena arena) throws LinuxException {
            return super.map(extents, arena).asReadOnly();
          }
        };
    WarmStore store = over(memory);
    Region region = store.allocate("region", 100);
    long free = store.freeBytes();
    assertThat(catchThrowable(() -> region.grow(9000))).isNotNull();
    assertThat(region.bytes()).isEqualTo(100);
    assertThat(store.freeBytes()).isEqualTo(free);
    store.abandon();
  }

  private static WarmStore over(StoreMemory memory) {
    StoreFiles.format(memory, options(), PageSize.SIZE_4K);
    return new WarmStore(memory, StoreContent.read(memory), false, Optional.empty());
  }

  /** Another thread may store in a range at any time: a word of statistics in a record. */
  @Test
  void savesARangeThatAnotherThreadStoresTo() {
    long[] counter = new long[1];
    StoreMemory memory =
        new StoreMemory(WritableMemory.allocate(0, SIZE)) {
          @Override
          void copy(long at, MemorySegment from) {
            if (counter[0] > 0) {
              put(counter[0], ++counter[0]);
            }
            super.copy(at, from);
          }
        };
    WarmStore store = over(memory);
    Region region = store.allocate("region", 4096);
    counter[0] = region.extents().getFirst().address() + 8;
    try (Transaction transaction = store.begin()) {
      transaction.change(region, 0, 4096);
      counter[0] = 0;
      region.segment().set(JAVA_LONG, 0, 7);
    }
    assertThat(region.segment().get(JAVA_LONG, 0)).isZero();
    store.close();
  }

  /** As on a full disk: the system has no memory for the store instructions. */
  @Test
  void aCommitThatFailsTakesNothingFromTheRegions() {
    boolean[] full = new boolean[1];
    WritableMemory bytes = WritableMemory.allocate(0, SIZE);
    StoreMemory memory =
        new StoreMemory(bytes) {
          @Override
          void copy(long at, MemorySegment from) {
            if (full[0]) {
              throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
            super.copy(at, from);
          }

          @Override
          void close() {}
        };
    WarmStore store = over(memory);
    for (int i = 0; i < 400; i++) {
      store.allocate("first " + i, 4096);
    }
    full[0] = true;
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(store::commit).isInstanceOf(InternalError.class);
    }
    full[0] = false;
    assertThat(store.generation()).isEqualTo(1);
    store.regions().forEach(Region::drop);
    // Small enough for the place that the failed commits found too small.
    for (int i = 0; i < 60; i++) {
      store.allocate("second " + i, 4096);
    }
    store.regions().forEach(region -> region.segment().fill((byte) 9));
    store.commit();
    for (Region region : store.regions()) {
      assertThat(region.segment().mismatch(MemorySegment.ofArray(nines()))).isEqualTo(-1);
    }
    store.close();
    assertThat(StoreContent.read(memory).directory().regions()).hasSize(60);
    bytes.close();
  }

  private static byte[] nines() {
    byte[] nines = new byte[4096];
    Arrays.fill(nines, (byte) 9);
    return nines;
  }

  @Test
  void closingRollsATransactionBack() throws IOException {
    for (boolean abandoned : List.of(true, false)) {
      WarmStore store = open();
      Region region = store.region("region").orElseGet(() -> store.allocate("region", 8));
      store.commit();
      Transaction open = store.begin();
      open.change(region, 0, 8);
      region.segment().set(JAVA_LONG, 0, 7);
      if (abandoned) {
        store.abandon();
      } else {
        store.close();
      }
      open.close();
      assertThatThrownBy(open::commit).hasMessage(path() + ": the transaction has ended");
      try (WarmStore next = open()) {
        assertThat(next.wasClean()).isEqualTo(!abandoned);
        assertThat(next.region("region").orElseThrow().segment().get(JAVA_LONG, 0)).isZero();
      }
    }
  }

  /** A service that ends in a transaction, with a hook that closes its store. */
  static final class EndingService {

    private EndingService() {}

    public static void main(String[] arguments) throws IOException {
      WarmStore store = WarmStore.open(Path.of(arguments[0]), options());
      Runtime.getRuntime().addShutdownHook(new Thread(store::close));
      Region region = store.allocate("region", 4096);
      store.commit();
      store.begin().change(region, 0, 8);
      region.segment().set(JAVA_LONG, 0, 7);
      System.exit(3);
    }
  }

  @Test
  void anExitWithinATransactionEnds() throws Exception {
    Process service =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                String.join(File.pathSeparator, KilledProgram.classPath()),
                EndingService.class.getName(),
                path().toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      assertThat(service.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(service.exitValue()).isEqualTo(3);
    } finally {
      service.destroyForcibly();
    }
    try (WarmStore next = open()) {
      assertThat(next.wasClean()).isFalse();
      assertThat(next.region("region").orElseThrow().segment().get(JAVA_LONG, 0)).isZero();
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
        assertThatThrownBy(large::segment)
            .hasMessage(path() + ": region \"large\" has been dropped");
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
    try (WarmStore store = open()) {
      assertThat(store.region("flipped").orElseThrow().verify())
          .as("the owner before mapped it, and recorded none")
          .isEqualTo(Region.Check.UNKNOWN);
      assertThat(store.region("sound").orElseThrow().verify()).isEqualTo(Region.Check.MATCH);
    }
  }

  @Test
  void ownersThatDoNotMapARegionKeepItsChecksum() throws IOException {
    long address;
    try (WarmStore store = WarmStore.open(path(), options().withChecksums())) {
      Region book = store.allocate("book", 100_000);
      book.segment().fill((byte) 5);
      address = book.extents().getFirst().address();
    }
    try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {7}), address + 50_000);
    }
    for (WarmOptions options : List.of(options().withChecksums(), options())) {
      try (WarmStore store = WarmStore.open(path(), options)) {
        store.allocate("other" + store.regions().size(), 4096);
        store.commit();
      }
      assertThat(WarmView.read(path()).verify().getFirst().check())
          .as("%s", options)
          .isEqualTo(Region.Check.MISMATCH);
    }
    WarmStore crashes = WarmStore.open(path(), options());
    crashes.abandon();
    try (WarmStore store = WarmStore.open(path(), options().withChecksums())) {
      assertThat(store.region("book").orElseThrow().verify()).isEqualTo(Region.Check.UNKNOWN);
    }
    assertThat(WarmView.read(path()).verify().getFirst().check())
        .as("nobody knows what the crashed owner wrote")
        .isEqualTo(Region.Check.MATCH);
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
    LinuxFile.create(path(), 4L << 20).close();
    refused(WarmException.Reason.FOREIGN, "is not a warm store", this::open);
    Files.delete(path());
    LinuxFile.create(path(), 10).close();
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
    refused(WarmException.Reason.DAMAGED, "is not in the store", () -> WarmView.read(path()));
    refused(WarmException.Reason.DAMAGED, "is not in the store", this::open);
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
    assertThat(shm.resolveSibling("." + shm.getFileName() + ".kho4j-new")).doesNotExist();
  }

  @Test
  void setsADamagedStoreAsideAndBeginsANewOne() throws IOException {
    for (int i = 1; i <= 2; i++) {
      open().close();
      overwrite(StoreLayout.NAME_AT, 'x');
      byte[] damaged = Files.readAllBytes(path());

      try (WarmStore store = WarmStore.open(path(), options().settingAside())) {
        WarmStore.SetAside aside = store.setAside().orElseThrow();
        assertThat(aside.path()).isEqualTo(dir.resolve("orders.aside-" + i));
        assertThat(aside.reason().reason())
            .isIn(WarmException.Reason.DAMAGED, WarmException.Reason.FOREIGN);
        assertThat(store.regions()).isEmpty();
      }

      assertThat(dir.resolve("orders.aside-" + i)).hasBinaryContent(damaged);
    }
    try (WarmStore store = WarmStore.open(path(), options().settingAside())) {
      assertThat(store.setAside()).isEmpty();
    }
  }

  /** What was allocated could otherwise only be lost. */
  @ParameterizedTest
  @ValueSource(longs = {1 << 20, (1 << 20) + 4096, 4 << 20, SIZE, 17 << 20})
  void refusesMemoryThatTheDirectoryNeeds(long size) throws IOException {
    WarmOptions options = WarmOptions.of("orders", size);
    long taken;
    try (WarmStore store = WarmStore.open(path(), options)) {
      taken = most(store, bytes -> store.allocate("most", bytes));
      assertThat(taken).isGreaterThan(size / 3);
    }
    try (WarmStore store = WarmStore.open(path(), options)) {
      assertThat(store.wasClean()).isTrue();
      Region most = store.region("most").orElseThrow();
      assertThat(most.bytes()).isEqualTo(taken);
      long more = most(store, bytes -> most.grow(taken + bytes));
      assertThat(most.bytes()).isEqualTo(taken + more);
      store.commit();
      most.drop();
    }
    try (WarmStore store = WarmStore.open(path(), options)) {
      assertThat(store.wasClean()).isTrue();
      assertThat(store.regions()).isEmpty();
    }
  }

  /**
   * Regions that are dropped leave smaller blocks, of other orders, and no memory until a commit.
   */
  @ParameterizedTest
  @ValueSource(longs = {1 << 20, (3 << 20) + 8192, SIZE})
  void aFullStoreHasRoomForCommitsThatDropRegions(long size) throws IOException {
    WarmOptions options = WarmOptions.of("orders", size);
    for (int pages = 1; pages < size >>> 16 && pages < 40; pages += 3) {
      Files.deleteIfExists(path());
      try (WarmStore store = WarmStore.open(path(), options)) {
        for (int i = 0; i < 6; i++) {
          store.allocate("region " + i, 4096L * pages);
        }
        most(store, bytes -> store.allocate("rest", bytes));
        store.commit();
        store.region("region 1").orElseThrow().drop();
        store.region("region 3").orElseThrow().drop();
        store.commit();
        store.region("region 4").orElseThrow().drop();
      }
      try (WarmStore store = WarmStore.open(path(), options)) {
        assertThat(store.wasClean()).as("%d pages", pages).isTrue();
        assertThat(store.regions()).hasSize(4);
      }
    }
  }

  /** Takes as much memory as a request gets. */
  private static long most(WarmStore store, LongConsumer request) {
    long free = store.freeBytes();
    for (long bytes = free; bytes > 0; bytes -= 4096) {
      try {
        request.accept(bytes);
        return bytes;
      } catch (WarmException full) {
        assertThat(full.reason()).isEqualTo(WarmException.Reason.ROOM);
        assertThat(store.freeBytes()).isEqualTo(free);
      }
    }
    return 0;
  }

  @Test
  void commitsNothingToAFileThatWasRemoved() throws IOException {
    WarmStore removed = open();
    removed.allocate("book", 1);
    removed.commit();
    Files.delete(path());
    assertThatThrownBy(removed::commit)
        .isInstanceOfSatisfying(
            WarmException.class, e -> assertThat(e.reason()).isEqualTo(WarmException.Reason.FENCED))
        .hasMessage(
            path() + ": the file was removed or replaced: no other process can find this store");
    assertThatThrownBy(removed::close).isInstanceOf(WarmException.class);

    WarmStore replaced = open();
    Files.move(
        Files.createFile(dir.resolve("another")), path(), StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(replaced::close).isInstanceOf(WarmException.class);
  }

  @Test
  void fencesAnOwnerWhoseStoreWasOpenedElsewhere() throws IOException {
    WarmStore first = open();
    Region book = first.allocate("book", 4000);
    first.commit();
    // what a kexec does: the lock is gone and another owner counts the epoch on
    overwrite(StoreLayout.EPOCH_AT, 9);
    long last = book.extents().getFirst().address() + 4095;
    overwrite(last, 5); // that owner grew the region

    assertThatThrownBy(first::commit)
        .isInstanceOfSatisfying(
            WarmException.class,
            e -> assertThat(e.reason()).isEqualTo(WarmException.Reason.FENCED));
    assertThatThrownBy(first::begin).isInstanceOf(WarmException.class);
    assertThatThrownBy(() -> first.allocate("other", 1)).isInstanceOf(WarmException.class);
    long free = first.freeBytes();
    for (long bytes : new long[] {4097, 9000}) {
      assertThatThrownBy(() -> book.grow(bytes)).isInstanceOf(WarmException.class);
    }
    assertThat(first.freeBytes()).isEqualTo(free);
    assertThat(Files.readAllBytes(path())[(int) last]).isEqualTo((byte) 5);
    assertThatThrownBy(first::close).isInstanceOf(WarmException.class);
    try (WarmStore second = open()) {
      assertThat(second.wasClean()).isFalse();
    }
  }

  @Test
  void replacesWhatACreatorLeftThatDied() throws IOException {
    Path unfinished = dir.resolve(".orders.kho4j-new");
    LinuxFile.create(unfinished, SIZE).close();
    open().close();
    assertThat(unfinished).doesNotExist();

    WarmStore.open(unfinished, options()).close();
    try (FileChannel file = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(Long.BYTES), StoreLayout.EPOCH_AT);
    }
    Files.delete(path());
    open().close();
    assertThat(unfinished).as("complete, and never opened").doesNotExist();
  }

  @Test
  void removesNoFileThatHasData() throws IOException {
    Path other = dir.resolve(".orders.kho4j-new");
    try (WarmStore store = WarmStore.open(other, options())) {
      store.allocate("data", 1);
    }
    byte[] data = Files.readAllBytes(other);
    assertThatThrownBy(this::open).hasMessageContaining("is not an unfinished store");
    assertThat(other).hasBinaryContent(data);

    LinuxFile.create(dir.resolve("orders.new"), 100).close();
    Files.delete(other);
    open().close();
    assertThat(dir.resolve("orders.new")).as("the name of earlier versions").exists();
  }

  @Test
  void hasAPathWithAName() {
    for (String none : List.of("", "/")) {
      assertThatThrownBy(() -> WarmStore.open(Path.of(none), options()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("\"%s\" is no path of a file", none);
    }
  }

  /** A channel that a slow peer does not read holds its segment. */
  @Test
  void dropsAndClosesNothingThatASystemCallUses() throws Exception {
    Pipe pipe = Pipe.open();
    try (WarmStore store = WarmStore.open(path(), options().withChecksums())) {
      store.allocate("another", 1);
    }
    try (WarmStore store = open()) {
      Region another = store.region("another").orElseThrow();
      another.segment().set(JAVA_BYTE, 0, (byte) 1);
      Region region = store.allocate("busy", 1 << 20);
      store.commit();
      MemorySegment segment = region.segment();
      Thread writer = Thread.ofPlatform().start(() -> writeAll(pipe, segment));
      while (pipe.source().read(ByteBuffer.allocate(1)) == 0) {
        Thread.onSpinWait();
      }

      String busy = "region \"busy\" is in use by a system call";
      assertThatThrownBy(region::drop).hasMessageContaining(busy);
      assertThat(store.region("busy")).containsSame(region);
      assertThatThrownBy(store::close).hasMessageContaining(busy);
      segment.set(JAVA_LONG, 0, 7);
      assertThat(another.verify()).isEqualTo(Region.Check.UNKNOWN);
      assertThat(another.segment().get(JAVA_BYTE, 0)).isEqualTo((byte) 1);
      store.commit();

      pipe.source().close();
      writer.join();
      region.drop();
      store.commit();
      assertThat(store.allocate("large", 14 << 20).bytes()).isEqualTo(14 << 20);
    }
    try (WarmStore store = open()) {
      assertThat(store.wasClean()).isTrue();
      assertThat(store.regions()).extracting(Region::name).containsExactly("another", "large");
    }
  }

  private static void writeAll(Pipe pipe, MemorySegment segment) {
    ByteBuffer bytes = segment.asByteBuffer();
    try {
      while (bytes.hasRemaining()) {
        pipe.sink().write(bytes);
      }
    } catch (IOException _) {
      // The reader has gone.
    }
  }

  @Test
  void freesAtOnceWhatNoCommitHas() throws IOException {
    try (WarmStore store = open()) {
      Region kept = store.allocate("kept", 1 << 20);
      store.commit();
      kept.grow(8 << 20);
      store.allocate("new", 6 << 20).drop();
      store.allocate("again", 6 << 20).drop();
      kept.drop();
      Region large = store.allocate("large", 13 << 20);
      assertThat(large.bytes()).isEqualTo(13 << 20);
      assertThatThrownBy(() -> store.allocate("more", 2 << 20)).isInstanceOf(WarmException.class);
      store.commit();
      store.allocate("more", 1 << 20);
    }
  }

  @Test
  void hasRoomToCloseAfterACommit() throws IOException {
    WarmOptions options = WarmOptions.of("orders", 8 << 20).withSchema(3).withChecksums();
    try (WarmStore store = WarmStore.open(path(), options)) {
      for (int i = 0; i < 600; i++) {
        store.allocate("region " + i, 4096);
      }
      List<Region> fillers = new ArrayList<>();
      try {
        while (true) {
          fillers.add(store.allocate("filler " + fillers.size(), 16384));
        }
      } catch (WarmException full) {
        assertThat(full.reason()).isEqualTo(WarmException.Reason.ROOM);
      }
      store.commit();
    }
    try (WarmStore store = WarmStore.open(path(), options)) {
      assertThat(store.wasClean()).isTrue();
      assertThat(store.regions()).hasSizeGreaterThan(800);
    }
  }

  @Test
  void closesWithoutACommitWhereNothingChanged() throws IOException {
    try (WarmStore store = open()) {
      store.allocate("book", 1);
    }
    long generation;
    try (WarmStore store = open()) {
      generation = store.generation();
    }
    try (WarmStore store = open()) {
      assertThat(store.wasClean()).isTrue();
      assertThat(store.generation()).isEqualTo(generation);
    }
  }

  @Test
  void isNotCleanAfterItWasAbandoned() throws IOException {
    try (WarmStore store = open()) {
      store.allocate("committed", 1);
      store.commit();
      store.allocate("new", 1);
      store.abandon();
      assertThatThrownBy(store::commit).hasMessageEndingWith("is closed");
    }
    try (WarmStore store = open()) {
      assertThat(store.wasClean()).isFalse();
      assertThat(store.regions()).extracting(Region::name).containsExactly("committed");
    }
  }

  @Test
  void endsATransactionInItsOwnThreadOnly() throws Exception {
    try (WarmStore store = open()) {
      Region region = store.allocate("book", 8);
      Transaction transaction = store.begin();
      transaction.change(region, 0, 8);
      region.segment().set(JAVA_LONG, 0, 1);
      List<ThrowingCallable> ends =
          List.of(transaction::commit, transaction::close, () -> transaction.change(region, 0, 8));
      for (ThrowingCallable end : ends) {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread other = Thread.ofPlatform().start(() -> thrown.set(catchThrowable(end)));
        other.join();
        assertThat(thrown.get()).hasMessageEndingWith("another thread began the transaction");
      }
      transaction.close();
      assertThat(region.segment().get(JAVA_LONG, 0)).isZero();
      store.begin().commit();
    }
  }

  @Test
  void aTransactionIsOfItsOwnStore() throws IOException {
    try (WarmStore store = open();
        WarmStore other = WarmStore.open(dir.resolve("other"), options());
        Transaction transaction = store.begin()) {
      Region foreign = other.allocate("data", 4096);
      assertThatThrownBy(() -> transaction.change(foreign, 0, 8))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "region \"data\" of %s in a transaction of %s".formatted(other.path(), store.path()));
    }
  }

  @Test
  void knowsWhetherItIsNewAndWhatIsFree() throws IOException {
    try (WarmStore store = open()) {
      assertThat(store.isNew()).isTrue();
      assertThat(store.size()).isEqualTo(SIZE);
      long free = store.freeBytes();
      store.allocate("data", 1 << 20);
      assertThat(store.freeBytes()).isEqualTo(free - (1 << 20));
    }
    try (WarmStore store = open()) {
      assertThat(store.isNew()).isFalse();
    }
  }

  /** A new owner has rolled the transaction back already. */
  @Test
  void aFencedTransactionChangesNothing() throws IOException {
    WarmStore store = open();
    Region region = store.allocate("data", 4096);
    Transaction transaction = store.begin();
    transaction.change(region, 0, 8);
    region.segment().set(JAVA_LONG, 0, 7);
    store.memory().publish(StoreLayout.EPOCH_AT, 9);
    assertThatThrownBy(transaction::commit)
        .isInstanceOf(WarmException.class)
        .hasMessageContaining("another process has opened it");
    transaction.close();
    assertThat(region.segment().get(JAVA_LONG, 0)).isEqualTo(7);
    store.abandon();
  }

  @Test
  void aPathInAnArchiveIsNoFile() throws IOException {
    Path zip = dir.resolve("a.zip");
    try (FileSystem archive = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      assertThatThrownBy(() -> WarmStore.open(archive.getPath("/orders"), options()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** The checksum of the content must not end the JVM. */
  @Test
  void aFileThatBecomesShorterThrowsInATransaction() throws IOException {
    WarmStore store = open();
    Region region = store.allocate("data", 1 << 20);
    store.commit();
    long address = region.extents().getFirst().address();
    try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      file.truncate(address);
    }
    try (Transaction transaction = store.begin()) {
      assertThatThrownBy(() -> transaction.change(region, 0, 1 << 16))
          .isInstanceOf(InternalError.class);
    }
    store.abandon();
  }

  @Test
  void aTransactionThatIsNotRolledBackIsLeftToTheNextOwner() throws IOException {
    WarmStore store = open();
    Region region = store.allocate("data", 1 << 20);
    store.commit();
    Transaction transaction = store.begin();
    transaction.change(region, 0, 8);
    try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
      file.truncate(region.extents().getFirst().address());
    }
    assertThatThrownBy(transaction::close).isInstanceOf(InternalError.class);
    for (ThrowingCallable use : List.<ThrowingCallable>of(store::begin, store::close)) {
      assertThatThrownBy(use)
          .isInstanceOf(WarmException.class)
          .hasMessageContaining("a transaction was not rolled back");
    }
  }

  @Test
  void aThreadThatEndsInATransactionStopsNobody() throws Exception {
    WarmStore store = open();
    Region region = store.allocate("data", 4096);
    store.commit();
    Thread.ofPlatform()
        .start(() -> {
          store.begin().change(region, 0, 8);
          region.segment().set(JAVA_LONG, 0, 7);
        })
        .join();
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(() -> store.region("data"), store::begin, store::close)) {
      assertThatThrownBy(use)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(
              "a thread that has ended, or waits in System.exit, left a transaction open");
    }
    store.abandon();
    try (WarmStore next = open()) {
      assertThat(next.wasClean()).isFalse();
      assertThat(next.region("data").orElseThrow().segment().get(JAVA_LONG, 0)).isZero();
    }
  }

  @Test
  void setsNothingAsideWithoutRoomForANewStore() throws IOException {
    WarmOptions small = WarmOptions.of("orders", SIZE).withSchema(2);
    try (WarmStore store = WarmStore.open(path(), small)) {
      store.allocate("data", 1);
    }
    WarmOptions large = WarmOptions.of("orders", 1L << 50).withSchema(3).settingAside();
    assertThatThrownBy(() -> WarmStore.open(path(), large))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(".orders.kho4j-new");
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).containsExactly(path());
    }
    try (WarmStore store = WarmStore.open(path(), small)) {
      assertThat(store.region("data")).isPresent();
    }
  }

  @Test
  void refusesNamesThatUtf8DoesNotHave() throws IOException {
    try (WarmStore store = open()) {
      for (String half : List.of("\ud800", "a\udc00b")) {
        assertThatThrownBy(() -> store.allocate(half, 1))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("bytes of UTF-8");
      }
      store.allocate("\ud83d\ude00", 1);
    }
  }

  @Test
  void hasNoRoomForMoreBytesThanThereAre() throws IOException {
    try (WarmStore store = open()) {
      refused(
          WarmException.Reason.ROOM,
          "no room for 9223372036854775807 bytes",
          () -> store.allocate("huge", Long.MAX_VALUE));
      Region region = store.allocate("small", 1);
      refused(
          WarmException.Reason.ROOM,
          "no room for 9223372036854771711 bytes",
          () -> region.grow(Long.MAX_VALUE));
    }
  }

  /** Its last bytes are no page. */
  @Test
  void mapsEveryRegionOfAStoreOfAnOddSize() throws IOException {
    try (WarmStore store =
        WarmStore.open(path(), WarmOptions.of("orders", 2 * SIZE + 100).withSchema(3))) {
      List<Region> pieces = new ArrayList<>();
      for (int i = 0; i < 4000; i++) {
        pieces.add(store.allocate("piece " + i, 4096));
      }
      store.commit();
      for (int i = 0; i < 4000; i++) {
        if (i % 4 != 0) {
          pieces.get(i).drop();
        }
      }
      store.commit();
      // All that is free: three of four pieces, and everything behind the pieces.
      long free = store.freeBytes();
      Region scattered = store.allocate("scattered", free);
      assertThat(scattered.extents()).hasSizeGreaterThan(500);
      assertThat(scattered.segment().byteSize()).isEqualTo(free);
      store.abandon();
    }
  }

  /** Neither closing, nor verifying, nor looking at it gives memory to what was never written. */
  @Test
  void leavesTheHolesOfASparseStoreAlone() throws IOException {
    Path shm = Files.createTempFile(Path.of("/dev/shm"), "kho-warm", "");
    Files.delete(shm);
    WarmOptions options =
        WarmOptions.of("orders", 256 << 20).withSchema(3).withoutReserving().withChecksums();
    try {
      try (WarmStore store = WarmStore.open(shm, options)) {
        store.allocate("large", 200 << 20).segment().set(JAVA_BYTE, 100 << 20, (byte) 1);
      }
      assertThat(WarmView.read(shm).verify())
          .extracting(WarmView.Checked::check)
          .containsExactly(Region.Check.MATCH);
      try (WarmStore store = WarmStore.open(shm, options)) {
        assertThat(store.region("large").orElseThrow().verify()).isEqualTo(Region.Check.MATCH);
      }
      try (LinuxFile file = LinuxFile.open(shm)) {
        assertThat(file.allocatedBytes()).isLessThan(1 << 20);
      }
    } finally {
      Files.deleteIfExists(shm);
    }
  }

  @Test
  void refusesAStoreOfAnotherPageSize() throws IOException {
    PageSize other = Linux.pageSize() == 16384 ? PageSize.SIZE_64K : PageSize.SIZE_16K;
    StoreMemory memory = new FileStoreMemory(LinuxFile.create(path(), SIZE));
    StoreFiles.format(memory, options(), other);
    memory.close();
    refused(
        WarmException.Reason.LAYOUT,
        "has pages of %s; this host has pages of %d".formatted(other, Linux.pageSize()),
        this::open);
  }
}
