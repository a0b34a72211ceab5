/** Flattened Device Trees, version 17: a strict reader and an exact writer. */
module org.kho4j.fdt {
  requires static org.jspecify;

  exports org.kho4j.fdt;
}
