package org.kho4j.cli.captures;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentSkipListSet;
import org.kho4j.memory.ForwardingMemory;
import org.kho4j.memory.PhysicalMemory;

/** Memory that remembers which of its pages were read, in units of 4 KiB. */
public final class RecordingMemory implements ForwardingMemory {

  public static final int GRAIN = 4096;

  private final PhysicalMemory memory;
  private final ConcurrentSkipListSet<Long> grains = new ConcurrentSkipListSet<>();

  public RecordingMemory(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** Addresses of what was read, ascending. */
  public ConcurrentSkipListSet<Long> grains() {
    return grains;
  }

  @Override
  public PhysicalMemory memory() {
    return memory;
  }

  @Override
  public MemorySegment read(long address, long length) {
    MemorySegment bytes = memory.read(address, length);
    for (long at = address & -GRAIN; at < address + length; at += GRAIN) {
      grains.add(at);
    }
    return bytes;
  }
}
