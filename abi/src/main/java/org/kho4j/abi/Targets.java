package org.kho4j.abi;

import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Checks that what a version points at or embeds is described, and has the size that it says. */
final class Targets {

  private Targets() {}

  static void requireResolved(ContractVersion version) {
    for (Structure structure : version.structures()) {
      for (Field field : structure.fields()) {
        Optional<Structure> target = require(version, structure.name(), field.target());
        if (field.type() == Field.Type.STRUCTURE) {
          requireSize(structure.name() + "." + field.name(), field.size(), target);
        }
      }
      if (structure.elements() != null) {
        requireElements(version, structure.name(), structure.elements());
      }
    }
    for (FdtLayout tree : version.trees()) {
      for (FdtLayout.Property property : tree.properties()) {
        require(version, tree.name() + ":" + property.node(), property.target());
      }
    }
    for (ContractVersion.Area area : version.areas()) {
      requireElements(version, area.owner() + "." + area.field(), area.elements());
    }
  }

  private static void requireElements(
      ContractVersion version, String owner, Structure.Elements elements) {
    Optional<Structure> target = require(version, owner, elements.target());
    if (elements.type() == Field.Type.STRUCTURE) {
      requireSize(owner + "." + elements.name(), elements.size(), target);
    }
  }

  private static Optional<Structure> require(
      ContractVersion version, String owner, @Nullable String target) {
    if (target == null) {
      return Optional.empty();
    }
    Optional<Structure> found =
        Stream.concat(
                version.structures().stream(),
                Stream.of(KhoVmalloc.STRUCTURE, KhoVmallocChunk.STRUCTURE))
            .filter(structure -> structure.name().equals(target))
            .findFirst();
    if (found.isEmpty()) {
      throw new IllegalStateException(
          version + ": " + owner + " leads to " + target + ", which is not described");
    }
    return found;
  }

  private static void requireSize(String what, int size, Optional<Structure> target) {
    Structure embedded =
        target.orElseThrow(() -> new IllegalStateException(what + " embeds no structure"));
    if (embedded.elements() != null || embedded.headerSize() != size) {
      throw new IllegalStateException(
          what + " takes " + size + " bytes for " + Objects.toString(embedded.headerSize()));
    }
  }
}
