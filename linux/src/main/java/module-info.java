/** What only Linux can do: memory files, and scattered memory mapped contiguously. */
module org.kho4j.linux {
  requires transitive org.kho4j.memory;
  requires static org.jspecify;

  exports org.kho4j.linux;
}
