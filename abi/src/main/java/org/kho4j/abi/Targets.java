package org.kho4j.abi;

/** Checks that what a version points at or embeds is described, and has the size that it says. */
final class Targets {

  private Targets() {}

  static void requireResolved(ContractVersion version) {
    for (Structure structure : version.structures()) {
      structure.fields().forEach(field -> require(version, structure.name(), field));
      if (structure.elements() != null) {
        require(version, structure.name(), structure.elements());
      }
    }
    for (FdtLayout tree : version.trees()) {
      tree.properties().forEach(property -> require(version, tree.name(), property.field()));
    }
    for (ContractVersion.Area area : version.areas()) {
      require(version, area.owner() + "." + area.field(), area.elements());
    }
  }

  private static void require(ContractVersion version, String owner, Field field) {
    Structure target = field.target();
    if (target != null
        && !version.structures().contains(target)
        && target != KhoVmalloc.STRUCTURE
        && target != KhoVmallocChunk.STRUCTURE
        && !(field == KhoserMemChunk.BITMAP
            && version.structures().contains(KhoserMemChunk.SMALL_BITMAP))) {
      throw new IllegalStateException(
          version
              + ": "
              + owner
              + "."
              + field.name()
              + " leads to "
              + target.name()
              + ", which is not described");
    }
  }
}
