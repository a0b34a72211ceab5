package org.kho4j.handover.luo;

import java.util.StringJoiner;
import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.DevelopmentLayout.CountedArray;
import org.kho4j.abi.Field;
import org.kho4j.abi.Structure;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * The state of a client from a development tree, read with the row of its layout. The fields of the
 * structure are read; elements of an array are counted and located, and not read.
 */
public final class DevelopmentState {

  private final HandoverMemory memory;
  private final Where where;
  private final DevelopmentLayout layout;
  private final StructureView view;

  private DevelopmentState(
      HandoverMemory memory, Where where, DevelopmentLayout layout, StructureView view) {
    this.memory = memory;
    this.where = where;
    this.layout = layout;
    this.view = view;
  }

  /**
   * Reads a client's structure.
   *
   * @param address of the structure, which LUO keeps
   * @throws HandoverException of a newer contract, if its layout is not recorded; otherwise, if the
   *     structure is not in memory
   */
  public static DevelopmentState read(
      HandoverMemory memory, Where where, DevelopmentLayout layout, long address) {
    Structure structure = layout.structure();
    if (structure == null) {
      throw where.newer(address, layout + ", whose layout is unknown");
    }
    return new DevelopmentState(memory, where, layout, memory.view(where, address, structure));
  }

  /**
   * Checks that all memory that the structure counts and points at is present.
   *
   * @throws HandoverException if it is not, or is more than there is room for
   */
  public void check() {
    for (Field field : view.structure().fields()) {
      Structure target = field.target();
      if (field.type() == Field.Type.PHYS && target != null && view.address(field) != 0) {
        memory.bytes(where.in(field.name()), view.address(field), target.headerSize());
      }
    }
    CountedArray array = layout.array();
    if (array != null) {
      check(array);
    }
  }

  private void check(CountedArray array) {
    long count = view.get(array.count());
    Field most = array.most();
    int size = array.element().headerSize();
    long possible = memory.ramBytes() / size;
    String counted = "%s is %s, and ".formatted(array.count(), Long.toUnsignedString(count));
    if (most != null && Long.compareUnsigned(count, view.get(most)) > 0) {
      throw broken(counted + "%s is %d".formatted(most, view.get(most)));
    }
    if (Long.compareUnsigned(count, possible) > 0) {
      throw broken(counted + "the memory has room for only " + possible);
    }
    Field area = array.area();
    if (area == null) {
      long start = view.address() + view.structure().headerSize();
      if (!memory.physical().isRam(start, Math.max(1, count * size))) {
        throw broken(counted + "their %d bytes are not in memory".formatted(count * size));
      }
    } else if (count != 0) {
      PreservedArea listed =
          PreservedArea.of(memory, where.in(area.name()), Descriptor.of(view.embedded(area)));
      listed.forEachRun((order, address, bytes) -> {});
      if (count * size > listed.bytes()) {
        throw broken(counted + "the area has %d bytes".formatted(listed.bytes()));
      }
    }
  }

  private HandoverException broken(String problem) {
    return where.broken(view.address(), problem);
  }

  /** Returns the fields and their values: {@code max_nr_devices 8, nr_devices 2}. */
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ");
    append(text, "", view);
    return text.toString();
  }

  private static void append(StringJoiner text, String prefix, StructureView view) {
    for (Field field : view.structure().fields()) {
      String name = prefix + field.name();
      switch (field.type()) {
        case STRUCTURE -> append(text, name + " ", view.embedded(field));
        case PHYS -> text.add(name + " 0x" + Long.toHexString(view.address(field)));
        default -> text.add(name + " " + Long.toUnsignedString(view.get(field)));
      }
    }
  }
}
