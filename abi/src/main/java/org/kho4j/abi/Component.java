package org.kho4j.abi;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A part of the contract with its own versions. */
public enum Component {
  KHO("kho", null, "the root contract: root FDT, preserved map, vmalloc areas, blocks"),
  LUO("luo", LuoSer.SUBTREE, "the Live Update Orchestrator: sessions, files, FLBs"),
  MEMFD("memfd", null, "the memfd file handler of the Live Update Orchestrator"),
  KEXEC_METADATA(
      "kexec-metadata",
      KexecMetadata.SUBTREE,
      "the release of the kernel that handed over, and the number of kexecs"),
  MEMBLOCK("memblock", FdtLayout.MEMBLOCK_SUBTREE, "reserve_mem= reservations"),
  KHO_TEST("kho_test", FdtLayout.KHO_TEST_SUBTREE, "the kernel's own test module"),
  BOOT("boot", null, "the boot record: the addresses of the root FDT and of the scratch array");

  private final String label;
  private final @Nullable String subtree;
  private final String meaning;

  Component(String label, @Nullable String subtree, String meaning) {
    this.label = label;
    this.subtree = subtree;
    this.meaning = meaning;
  }

  public String label() {
    return label;
  }

  /** Returns the name of its subtree in the root FDT, where it has one. */
  public Optional<String> subtree() {
    return Optional.ofNullable(subtree);
  }

  public String meaning() {
    return meaning;
  }
}
