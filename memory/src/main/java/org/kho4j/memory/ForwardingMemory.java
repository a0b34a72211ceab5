package org.kho4j.memory;

import java.lang.foreign.MemorySegment;

/**
 * A memory that forwards to another memory, except in the methods that an implementation overrides.
 * Extents in files and holes are not forwarded, because they are valid for unchanged content only.
 */
public interface ForwardingMemory extends PhysicalMemory {

  /** Returns the memory that this one forwards to. */
  PhysicalMemory memory();

  @Override
  default MemorySource source() {
    return memory().source();
  }

  @Override
  default MemorySegment read(long address, long length) {
    return memory().read(address, length);
  }

  @Override
  default boolean contains(long address, long length) {
    return memory().contains(address, length);
  }

  @Override
  default boolean isRam(long address, long length) {
    return memory().isRam(address, length);
  }

  @Override
  default void forEachRange(RangeVisitor visitor) {
    memory().forEachRange(visitor);
  }

  @Override
  default void forEachRamRange(RangeVisitor visitor) {
    memory().forEachRamRange(visitor);
  }

  @Override
  default void close() {
    memory().close();
  }
}
