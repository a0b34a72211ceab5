package org.kho4j.abi;

/** A part of the contract that has versions of its own. */
public enum Component {
  KHO("kho", "the root: root FDT, preserved map, vmalloc areas, blocks"),
  LUO("luo", "the Live Update Orchestrator: sessions, files, FLBs"),
  MEMFD("memfd", "the memfd file handler of the Live Update Orchestrator"),
  KEXEC_METADATA("kexec-metadata", "which kernel handed over, and how many times"),
  MEMBLOCK("memblock", "reserve_mem= reservations"),
  KHO_TEST("kho_test", "the kernel's own test module"),
  BOOT("boot", "how the next kernel learns where the root FDT and the scratch array are");

  private final String label;
  private final String meaning;

  Component(String label, String meaning) {
    this.label = label;
    this.meaning = meaning;
  }

  /** The kernel's name of the component's subtree or handler, where it has one. */
  public String label() {
    return label;
  }

  public String meaning() {
    return meaning;
  }
}
