package org.kho4j.cli.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.PageSize;

class AbiTextTest {

  @Test
  void overviewNamesEveryVersionWithReleasesAndFingerprint() throws IOException {
    StringBuilder out = new StringBuilder();
    AbiText.overview(out, 100);
    for (ContractVersion version : Contract.VERSIONS) {
      assertThat(out).contains("  " + version.id() + " ", version.fingerprint().brief());
    }
    assertThat(out).contains("kho-v1@6.16    6.16 to 6.17.8");
    assertThat(out.toString().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void matrixHasALinePerRelease() throws IOException {
    StringBuilder out = new StringBuilder();
    AbiText.matrix(out);
    assertThat(out.toString().lines())
        .hasSize(1 + Contract.RELEASES.size())
        .contains(
            "7.1     kho-v3@7.1     luo-v1@7.0   memfd-v2  kexec-metadata-1  memblock-v1  kho-test-v1");
  }

  @Test
  void aVersionShowsTreeStructuresAndMapForThePageSize() throws IOException {
    StringBuilder out = new StringBuilder();
    AbiText.version(out, Contract.version("kho-v4").orElseThrow(), PageSize.SIZE_16K, 100);
    assertThat(out)
        .contains("levels               5")
        .contains("4: 50-60, 3: 39-49, 2: 28-38, 1: 17-27, 0: 0-16")
        .contains("| phys[2046] ")
        .contains("at most 2047 with 16K pages")
        .contains("preserved-memory-map")
        .contains("first chunk; 0 only in a descriptor");
  }

  @Test
  void aStructureShowsItsBits() throws IOException {
    StringBuilder out = new StringBuilder();
    AbiText.structure(
        out,
        Contract.version("memfd-v2").orElseThrow().structure("memfd_luo_folio_ser").orElseThrow(),
        PageSize.SIZE_4K,
        80);
    assertThat(out).contains("bits of pfn, flags", "0-51", "uptodate").contains("16 bytes");
    assertThat(out.toString().lines()).allMatch(line -> line.length() <= 80);
  }

  @Test
  void everyVersionRendersForEveryPageSizeWithinTheWidth() throws IOException {
    for (ContractVersion version : Contract.VERSIONS) {
      for (PageSize size : PageSize.values()) {
        StringBuilder out = new StringBuilder();
        AbiText.version(out, version, size, 140);
        assertThat(out.toString().lines()).as(version.id()).allMatch(line -> line.length() <= 140);
      }
    }
  }

  @Test
  void limitsAreThoseOfThePageSize() throws IOException {
    StringBuilder out = new StringBuilder();
    AbiText.limits(out, PageSize.SIZE_64K, 120);
    assertThat(out).contains("536870912 bytes", "10000 blocks", "0x3f");
  }
}
