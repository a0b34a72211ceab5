package org.kho4j.preflight.btf;

import java.util.List;
import java.util.Optional;

/**
 * A structure or union in a kernel's BTF.
 *
 * @param name its tag
 * @param union whether it is a union
 * @param size bytes
 * @param fields in the order of the declaration; members of anonymous structures and unions stand
 *     where the anonymous member stands, with offsets from the start of this one, as C names them
 */
public record BtfStruct(String name, boolean union, long size, List<BtfField> fields) {

  public BtfStruct {
    fields = List.copyOf(fields);
  }

  /** Returns the field with that name. */
  public Optional<BtfField> field(String fieldName) {
    return fields.stream().filter(field -> field.name().equals(fieldName)).findFirst();
  }
}
