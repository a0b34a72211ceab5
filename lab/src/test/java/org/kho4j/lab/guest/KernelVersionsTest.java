package org.kho4j.lab.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;

class KernelVersionsTest {

  @Test
  void areThoseOfTheRelease() {
    assertThat(KernelVersions.of("7.1.8"))
        .isEqualTo(
            new KernelVersions(
                KhoLayout.of("kho-v3@7.1").orElseThrow(), LuoVersion.V1, MemfdVersion.V2));
    assertThat(KernelVersions.of("7.3.4"))
        .isEqualTo(new KernelVersions(KhoLayout.newest(), LuoVersion.V5, MemfdVersion.V2));
    assertThatThrownBy(() -> KernelVersions.of("6.18.1"))
        .isInstanceOf(LabFailure.class)
        .hasMessageStartingWith("Linux 6.18.1 has none of [luo-v1@6.19,");
  }

  /** 16 pages of sessions of 80 bytes behind 8 bytes, and 2 pages of files of 64; or blocks. */
  @Test
  void boundHowMuchIsHandedOver() {
    KernelVersions arrays = KernelVersions.of("7.1.8");
    assertThat(arrays.maxSessions(PageSize.SIZE_4K)).isEqualTo(819);
    assertThat(arrays.maxFiles(PageSize.SIZE_4K)).isEqualTo(128);
    KernelVersions blocks = KernelVersions.of("7.2.6");
    assertThat(blocks.maxSessions(PageSize.SIZE_4K)).isEqualTo(51 * 10_000);
    assertThat(blocks.maxFiles(PageSize.SIZE_4K)).isEqualTo(63 * 10_000);
  }

  @Test
  void followFromTheReleaseInTheImage(@TempDir Path directory) throws Exception {
    byte[] x86 = new byte[0x3000];
    put(x86, 0x202, "HdrS");
    x86[0x20e] = (byte) 0x80;
    x86[0x20f] = 0x20;
    put(x86, 0x2280, "7.1.8 (root@somewhere) #1");
    Kernel bzImage = Kernel.ready(Files.write(directory.resolve("bzImage"), x86));
    assertThat(bzImage.release()).isEqualTo("7.1.8");
    assertThat(bzImage.versions().luo()).isEqualTo(LuoVersion.V1);

    byte[] arm64 = new byte[0x3000];
    put(arm64, 0x38, "ARMd");
    put(arm64, 0x1234, "Linux version 7.3.4 (root@somewhere)");
    assertThat(Kernel.ready(Files.write(directory.resolve("Image"), arm64)).release())
        .isEqualTo("7.3.4");
  }

  private static void put(byte[] bytes, int at, String text) {
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(ascii, 0, bytes, at, ascii.length);
  }
}
