package org.kho4j.handover.wire;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.handover.Wire;

/**
 * A field that holds the physical address of a {@code T}: the counterpart of the kernel's {@code
 * DECLARE_KHOSER_PTR}, whose {@code KHOSER_LOAD_PTR} and {@code KHOSER_STORE_PTR} are {@link #load}
 * and {@link #store}. The compiler checks the type, and null is stored as 0.
 *
 * @param field a field of type phys
 * @param loader reads a {@code T} at an address
 */
public record PointerField<T extends Located>(Field field, Loader<T> loader) {

  /** Reads a structure at a physical address. */
  @FunctionalInterface
  public interface Loader<T> {
    /** Reads it, or throws {@link HandoverException} if it is not there. */
    T load(HandoverMemory memory, Where where, long address);
  }

  public PointerField {
    if (field.type() != Field.Type.PHYS) {
      throw new IllegalArgumentException(
          field.name() + " is of type " + field.type().label() + ", not phys");
    }
  }

  /** The structure that the field of {@code structure} points at, or null where it holds 0. */
  public @Nullable T load(MemorySegment structure, HandoverMemory memory, Where where) {
    long address = Wire.u64(structure, field);
    return address == 0 ? null : loader.load(memory, where, address);
  }

  /** Makes the field of {@code structure} point at {@code target}. */
  public void store(MemorySegment structure, @Nullable T target) {
    structure.set(Wire.U64, field.offset(), target == null ? 0 : target.address());
  }
}
