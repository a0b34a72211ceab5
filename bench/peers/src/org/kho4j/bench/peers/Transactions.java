package org.kho4j.bench.peers;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import net.openhft.chronicle.map.ChronicleMap;
import org.kho4j.warm.Region;
import org.kho4j.warm.Transaction;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.Serializer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * 64 bytes of one of 100,000 records change so that a crash of the process leaves them old or new.
 * None of them waits for a disk: the files are in memory.
 */
@BenchmarkMode({Mode.AverageTime, Mode.SampleTime})
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class Transactions {

  private static final int RECORDS = 100_000;
  private static final int BYTES = 64;

  /** Records by turns, in an order that no cache foresees. */
  private static int next(int record) {
    return (int) ((record * 48_271L + 11) % RECORDS);
  }

  /** A warm store: undo log, checksummed. */
  @State(Scope.Benchmark)
  public static class Warm {
    private Path directory;
    private WarmStore store;
    private Region region;
    private MemorySegment records;
    private int record;

    @Setup(Level.Trial)
    public void open() throws IOException {
      directory = Scratch.create();
      store = WarmStore.open(directory.resolve("store"), WarmOptions.of("bench", 64L << 20));
      region = store.allocate("records", (long) RECORDS * BYTES);
      store.commit();
      records = region.segment();
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
      store.close();
      Scratch.delete(directory);
    }
  }

  @Benchmark
  public void warmTransaction(Warm warm) {
    int record = warm.record = next(warm.record);
    long at = (long) record * BYTES;
    try (Transaction change = warm.store.begin()) {
      change.change(warm.region, at, BYTES);
      for (int i = 0; i < BYTES; i += Long.BYTES) {
        warm.records.set(JAVA_LONG, at + i, record + i);
      }
      change.commit();
    }
  }

  /** Chronicle Map, persisted to a file. */
  @State(Scope.Benchmark)
  public static class Chronicle {
    private Path directory;
    private ChronicleMap<Long, byte[]> map;
    private final byte[] value = new byte[BYTES];
    private int record;

    @Setup(Level.Trial)
    public void open() throws IOException {
      directory = Scratch.create();
      map = Maps.chronicle(directory.resolve("map").toFile(), RECORDS);
      for (long key = 0; key < RECORDS; key++) {
        map.put(key, value);
      }
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
      map.close();
      Scratch.delete(directory);
    }
  }

  /** A put has no undo: a crash within it needs a recovery of the whole map. */
  @Benchmark
  public void chronicleMapPut(Chronicle chronicle) {
    int record = chronicle.record = next(chronicle.record);
    chronicle.value[0] = (byte) record;
    chronicle.map.put((long) record, chronicle.value);
  }

  /** MapDB: a mapped file with a write-ahead log. */
  @State(Scope.Benchmark)
  public static class MapDb {
    private Path directory;
    private DB db;
    private ConcurrentMap<Long, byte[]> map;
    private final byte[] value = new byte[BYTES];
    private int record;

    @Setup(Level.Trial)
    public void open() throws IOException {
      directory = Scratch.create();
      db = DBMaker.fileDB(new File(directory.toFile(), "db")).transactionEnable().make();
      map = db.hashMap("records", Serializer.LONG, Serializer.BYTE_ARRAY).createOrOpen();
      for (long key = 0; key < RECORDS; key++) {
        map.put(key, value);
      }
      db.commit();
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
      db.close();
      Scratch.delete(directory);
    }
  }

  @Benchmark
  public void mapDbPutAndCommit(MapDb mapDb) {
    int record = mapDb.record = next(mapDb.record);
    mapDb.value[0] = (byte) record;
    mapDb.map.put((long) record, mapDb.value);
    mapDb.db.commit();
  }

  /** LMDB: copy-on-write pages, without waiting for a disk. */
  @State(Scope.Benchmark)
  public static class Lmdb {
    private Path directory;
    private Env<ByteBuffer> env;
    private Dbi<ByteBuffer> records;
    private final ByteBuffer key = ByteBuffer.allocateDirect(Long.BYTES);
    private final ByteBuffer value = ByteBuffer.allocateDirect(BYTES);
    private int record;

    @Setup(Level.Trial)
    public void open() throws IOException {
      directory = Scratch.create();
      env =
          Env.create()
              .setMapSize(256L << 20)
              .setMaxDbs(1)
              .open(directory.toFile(), EnvFlags.MDB_NOSYNC, EnvFlags.MDB_WRITEMAP);
      records = env.openDbi("records", DbiFlags.MDB_CREATE);
      try (Txn<ByteBuffer> txn = env.txnWrite()) {
        for (long i = 0; i < RECORDS; i++) {
          records.put(txn, key.putLong(0, i), value.clear());
        }
        txn.commit();
      }
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
      env.close();
      Scratch.delete(directory);
    }
  }

  @Benchmark
  public void lmdbPutAndCommit(Lmdb lmdb) {
    int record = lmdb.record = next(lmdb.record);
    try (Txn<ByteBuffer> txn = lmdb.env.txnWrite()) {
      lmdb.value.putLong(0, record);
      lmdb.records.put(txn, lmdb.key.putLong(0, record), lmdb.value.clear());
      txn.commit();
    }
  }
}
