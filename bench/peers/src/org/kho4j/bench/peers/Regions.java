package org.kho4j.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;

/** Allocates, fills and closes 2,000 MiB in few and in many regions, with checksums. */
public final class Regions {

  private static final long BYTES = 2000L << 20;

  private Regions() {}

  /**
   * Prints two times for each number of regions.
   *
   * @param arguments the directory of the store
   */
  public static void main(String[] arguments) throws IOException {
    Path path = Path.of(arguments[0], "regions");
    for (int regions : new int[] {2, 500, 2000}) {
      WarmStore store =
          WarmStore.open(path, WarmOptions.of("regions", BYTES + (100 << 20)).withChecksums());
      long start = System.nanoTime();
      for (int i = 0; i < regions; i++) {
        store.allocate("region " + i, BYTES / regions);
      }
      long allocated = System.nanoTime();
      for (Region region : store.regions()) {
        region.segment().fill((byte) 1);
      }
      store.commit();
      long filled = System.nanoTime();
      store.close();
      System.out.printf(
          "%,6d regions  allocate %,7d ms, close %,7d ms%n",
          regions, (allocated - start) / 1_000_000, (System.nanoTime() - filled) / 1_000_000);
      Files.delete(path);
    }
  }
}
