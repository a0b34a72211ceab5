package org.kho4j.fdt;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/** What real kernels wrote; the README beside the files says where each is from. */
final class KernelBlobs {

  static final String GEN1_MEMBLOCK = "linux-7.3.4-gen1-running-memblock";
  static final String ARM64_MEMBLOCK = "linux-7.3.4-arm64-16k-jump-luo-memblock";
  static final String KHO_TEST = "linux-7.3.4-jump-kho-test-kho-test";
  static final String ARM64_KHO_TEST = "linux-7.3.4-arm64-16k-jump-luo-kho-test";

  static final List<String> ROOTS =
      List.of(
          "linux-7.3.4-gen1-running-root",
          "linux-7.3.4-jump-kho-test-root",
          "linux-7.3.4-jump-luo-root",
          "linux-7.3.4-gen2-running-incoming-root",
          "linux-7.3.4-gen2-running-outgoing-root",
          "linux-7.3.4-arm64-16k-jump-luo-root");

  private KernelBlobs() {}

  static byte[] load(String name) {
    try (InputStream in = KernelBlobs.class.getResourceAsStream(name + ".fdt")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
