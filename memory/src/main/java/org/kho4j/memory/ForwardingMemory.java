package org.kho4j.memory;

import java.lang.foreign.MemorySegment;

/**
 * A memory that answers as another one does, but for the methods that an implementation overrides.
 * Extents in files and holes are not passed on: they are those of unchanged content.
 */
public interface ForwardingMemory extends PhysicalMemory {

  /** The other memory. */
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
