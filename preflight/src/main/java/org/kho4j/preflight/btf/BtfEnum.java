package org.kho4j.preflight.btf;

import java.util.List;

/**
 * An enumeration in a kernel's BTF, with the values of its enumerators.
 *
 * @param name its tag, empty for one without
 * @param size bytes
 * @param constants in the order of the declaration
 */
public record BtfEnum(String name, long size, List<Constant> constants) {

  /**
   * A constant of an enumeration.
   *
   * @param value the value, sign extended where the enumeration is signed
   */
  public record Constant(String name, long value) {}

  public BtfEnum {
    constants = List.copyOf(constants);
  }
}
