package org.kho4j.fleet;

import java.io.IOException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.kho4j.files.RangeReader;

/** A file of a Hadoop file system, read range by range. */
record StoredRanges(FSDataInputStream in, long size) implements RangeReader {

  @Override
  public void read(long offset, byte[] target) throws IOException {
    in.readFully(offset, target);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
