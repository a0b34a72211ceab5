package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContractTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          6.16   | kho-v1@6.16   |             |          |                  | memblock-v1 |
          6.17   | kho-v1@6.16   |             |          |                  | memblock-v1 |
          6.17.8 | kho-v1@6.16   |             |          |                  | memblock-v1 |
          6.17.9 | kho-v1@6.17.9 |             |          |                  | memblock-v1 |
          6.17.12| kho-v1@6.17.9 |             |          |                  | memblock-v1 |
          6.18   | kho-v1@6.18   |             |          |                  | memblock-v1 | kho-test-v1
          6.18.7 | kho-v1@6.18   |             |          |                  | memblock-v1 | kho-test-v1
          6.19   | kho-v1@6.18   | luo-v1@6.19 | memfd-v1 |                  | memblock-v1 | kho-test-v1
          7.0.3  | kho-v1@6.18   | luo-v1@7.0  | memfd-v1 |                  | memblock-v1 | kho-test-v1
          7.1    | kho-v3@7.1    | luo-v1@7.0  | memfd-v2 | kexec-metadata-1 | memblock-v1 | kho-test-v1
          7.2.6  | kho-v4        | luo-v5      | memfd-v2 | kexec-metadata-1 | memblock-v1 | kho-test-v1
          7.3.4  | kho-v4        | luo-v5      | memfd-v2 | kexec-metadata-1 | memblock-v1 | kho-test-v1
          """)
  void whatEachReleaseWrites(
      String release,
      String kho,
      String luo,
      String memfd,
      String metadata,
      String memblock,
      String khoTest) {
    assertThat(written(release, Component.KHO)).isEqualTo(kho);
    assertThat(written(release, Component.LUO)).isEqualTo(luo);
    assertThat(written(release, Component.MEMFD)).isEqualTo(memfd);
    assertThat(written(release, Component.KEXEC_METADATA)).isEqualTo(metadata);
    assertThat(written(release, Component.MEMBLOCK)).isEqualTo(memblock);
    assertThat(written(release, Component.KHO_TEST)).isEqualTo(khoTest);
    assertThat(written(release, Component.BOOT)).isEqualTo("boot-x86-64,boot-arm64");
  }

  private static String written(String release, Component component) {
    String ids =
        Contract.written(release, component)
            .map(ContractVersion::id)
            .collect(Collectors.joining(","));
    return ids.isEmpty() ? null : ids;
  }

  @Test
  void findsEveryLayoutOfOneString() {
    assertThat(Contract.versionsOf("kho-v1"))
        .extracting(ContractVersion::id)
        .containsExactly("kho-v1@6.16", "kho-v1@6.17.9", "kho-v1@6.18");
    assertThat(Contract.versionsOf("luo-v5"))
        .extracting(ContractVersion::id)
        .containsExactly("luo-v5");
    assertThat(Contract.versionsOf("kho-v9")).isEmpty();
  }

  @Test
  void agreesWithTheTablesThatEnginesUse() {
    for (KhoVersion version : KhoVersion.ALL) {
      assertThat(Contract.versionsOf(version.compatible()))
          .isNotEmpty()
          .hasSameSizeAs(version.layouts())
          .allMatch(layout -> layout.component() == Component.KHO);
    }
    for (LuoVersion version : LuoVersion.ALL) {
      assertThat(Contract.version(version.id()))
          .get()
          .matches(layout -> version.compatible().equals(layout.compatible()))
          .matches(layout -> layout.structures().contains(LuoFlb.HEADER) == version.flbs());
      assertThat(Contract.versionsOf(version.compatible()))
          .isNotEmpty()
          .allMatch(layout ->
              layout.structure("luo_ser").isPresent()
                  == (version.head() == LuoVersion.Head.STRUCTURE))
          .allMatch(layout ->
              layout.structures().contains(LuoBlocks.SESSIONS)
                  == version.sessionList().equals(LuoBlocks.SESSIONS))
          .allMatch(layout ->
              layout.structures().contains(LuoBlocks.FILES)
                  == version.fileList().equals(LuoBlocks.FILES));
    }
    for (MemfdVersion version : MemfdVersion.ALL) {
      assertThat(Contract.versionsOf(version.compatible()))
          .allMatch(layout -> layout.structures().contains(version.structure()));
    }
  }

  @Test
  void comparesReleasesByNumber() {
    assertThat(Releases.of("6.9", "6.17.8").includes("6.10")).isTrue();
    assertThat(Releases.of("6.16", "6.17.8").includes("6.17.9")).isFalse();
    assertThat(Releases.of("6.16", "6.17.8").includes("6.17.8-1-amd64")).isTrue();
    assertThat(Releases.of("7.0", "7.1").includes("7.1.30")).isTrue();
    assertThat(Releases.of("7.0", "7.1").includes("7.2-rc1")).isFalse();
    assertThat(Releases.since("7.2").includes("7.2-rc1")).isTrue();
    assertThat(Releases.since("7.2").includes("8.0")).isTrue();
    assertThat(Releases.since("7.2").includes("7.1.99")).isFalse();
    assertThat(Releases.NEVER.includes("7.2")).isFalse();
    assertThat(Releases.since("6.16").includes("not a release")).isFalse();
    assertThat(Releases.since("7.2").overlaps(Releases.of("7.1", "7.1"))).isFalse();
    assertThat(Releases.of("7.1", "7.2").overlaps(Releases.since("7.2"))).isTrue();
    assertThat(Releases.since("6.16").overlaps(Releases.of("7.0", "7.1"))).isTrue();
    assertThat(Releases.NEVER.overlaps(Releases.since("6.16"))).isFalse();
  }
}
