package org.kho4j.preflight.image;

/**
 * A part of a kernel that may be built in, and the evidence for it in an image. The constants are
 * those of Linux 7.3; new clients of KHO are new rows.
 *
 * @param name name of the feature here
 * @param option the configuration option that builds it
 * @param function a function that only it has, and that is not inlined; empty where none is known
 * @param stem the stem of its version string: {@code kho} of {@code kho-v4}; empty for none
 * @param marker another string that only it has, for one without a version string; else empty
 * @param modular whether it can be a module, so that the kernel's image need not have it
 */
public record Feature(
    String name, String option, String function, String stem, String marker, boolean modular) {

  public static final Feature KHO =
      new Feature("kho", "CONFIG_KEXEC_HANDOVER", "kho_preserve_folio", "kho", "", false);
  public static final Feature LUO =
      new Feature("luo", "CONFIG_LIVEUPDATE", "liveupdate_register_file_handler", "luo", "", false);

  public static final Feature MEMFD =
      new Feature("memfd", "CONFIG_LIVEUPDATE_MEMFD", "memfd_luo_preserve", "memfd", "", false);

  public static final Feature MEMBLOCK =
      new Feature("memblock", "CONFIG_KEXEC_HANDOVER", "reserve_mem_init", "memblock", "", false);

  /** Since 7.1; its version is a number in its data. */
  public static final Feature KEXEC_METADATA =
      new Feature("kexec-metadata", "CONFIG_KEXEC_HANDOVER", "", "", "kexec-metadata", false);

  public static final Feature KHO_TEST =
      new Feature("kho-test", "CONFIG_TEST_KEXEC_HANDOVER", "kho_test_init", "kho-test", "", true);

  /** Data that the kernel's own tests of LUO share between files. */
  public static final Feature TEST_FLB =
      new Feature(
          "flb",
          "CONFIG_LIVEUPDATE_TEST",
          "liveupdate_test_register",
          "liveupdate-test-flb",
          "",
          false);

  /** Returns a feature that is known only by its version string. */
  public static Feature versioned(String stem) {
    return new Feature(stem, "", "", stem, "", true);
  }
}
