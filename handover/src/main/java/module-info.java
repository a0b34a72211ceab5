/** The engine: finds handovers in physical memory and reads what was handed over. */
module org.kho4j.handover {
  requires transitive org.kho4j.abi;
  requires transitive org.kho4j.fdt;
  requires transitive org.kho4j.memory;
  requires static org.jspecify;

  exports org.kho4j.handover;
  exports org.kho4j.handover.boot;
  exports org.kho4j.handover.content;
  exports org.kho4j.handover.generation;
  exports org.kho4j.handover.khotest;
  exports org.kho4j.handover.luo;
  exports org.kho4j.handover.map;
  exports org.kho4j.handover.memblock;
  exports org.kho4j.handover.memfd;
  exports org.kho4j.handover.pages;
  exports org.kho4j.handover.root;
  exports org.kho4j.handover.vmalloc;
  exports org.kho4j.handover.wire;
}
