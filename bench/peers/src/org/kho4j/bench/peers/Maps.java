package org.kho4j.bench.peers;

import java.io.File;
import java.io.IOException;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;

/** Chronicle Maps of long keys and 64 bytes. */
final class Maps {

  private Maps() {}

  /** Creates or opens the map in a file. */
  static ChronicleMap<Long, byte[]> chronicle(File file, long entries) throws IOException {
    return ChronicleMapBuilder.of(Long.class, byte[].class)
        .constantKeySizeBySample(1L)
        .constantValueSizeBySample(new byte[64])
        .entries(entries)
        .createPersistedTo(file);
  }
}
