package org.kho4j.handover.wire;

import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;

/**
 * A pointer of the contract: a physical address of 8 bytes, 0 for none. The kernel's {@code
 * DECLARE_KHOSER_PTR}, {@code KHOSER_LOAD_PTR} and {@code KHOSER_STORE_PTR} are {@link #declare},
 * {@link #load} and {@link #store}. A pointer is declared once, in a constant: where its field
 * leads to another structure than its reader expects, the reader's class cannot be loaded.
 */
public final class KhoserPointer {

  private final Field field;
  private final Structure target;

  private KhoserPointer(Field field, Structure target) {
    this.field = field;
    this.target = target;
  }

  /**
   * Declares the pointer in a field, or in a device tree's property.
   *
   * @param target the structure that is read at the address
   * @throws IllegalArgumentException if the field is no pointer, or leads to another structure
   */
  public static KhoserPointer declare(Field field, Structure target) {
    if (field.type() != Field.Type.PHYS) {
      throw new IllegalArgumentException(
          field.name() + " is of type " + field.type().label() + ", not phys");
    }
    // Versions of a structure share its name: the reader knows the version.
    if (!target.name().equals(field.targetName())) {
      throw new IllegalArgumentException(
          "%s leads to %s, not to %s".formatted(field.name(), field.targetName(), target.name()));
    }
    return new KhoserPointer(field, target);
  }

  /**
   * Returns the structure that a field leads to.
   *
   * @param where the structure's place
   * @return null where the field holds 0
   * @throws HandoverException if the structure is not in memory
   */
  public @Nullable StructureView load(HandoverMemory memory, Where where, StructureView from) {
    return load(memory, where, address(from));
  }

  /** Returns the structure at an address that such a pointer held; null at 0. */
  public @Nullable StructureView load(HandoverMemory memory, Where where, long address) {
    return address == 0 ? null : memory.view(where, address, target);
  }

  /** Returns the address in a field; 0 for none. */
  public long address(StructureView from) {
    return from.address(field);
  }

  /**
   * Returns the address in a property; 0 for none.
   *
   * @param tree physical address of the device tree
   */
  public long address(FdtNode node, Where where, long tree) {
    return TreeValue.number(node, field, where, tree);
  }

  /** Stores the address of a structure in a field. */
  public void store(StructureView in, @Nullable StructureView structure) {
    store(in, structure == null ? 0 : structure.address());
  }

  /** Stores a structure's address in a field; 0 for none. */
  public void store(StructureView in, long address) {
    in.store(field, address);
  }

  /** Returns the property that leads to the structure at an address; 0 for none. */
  public FdtProperty property(long address) {
    return FdtProperty.ofU64(field.name(), address, ByteOrder.LITTLE_ENDIAN);
  }
}
