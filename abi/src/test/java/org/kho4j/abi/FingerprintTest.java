package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FingerprintTest {

  private static final String PINNED =
      """
      kho-v1@6.16      d38dcd4ee655c9344833ec8d651f665f291bf8ef0750ca18959ecdcaad2c7bca
      kho-v1@6.17.9    24bd6226a43210c574ca0b745ceeb2862808727b0518b39f896cc3d7badebc76
      kho-v1@6.18      371cb080d626923ff4ba95a0c5874b09b0b5241b07712df51a4ee88a1c598798
      kho-v2           8fa6b90cf31df7772aa8f09972bbed8e57a334a5f68d8b678396b4d19fd60226
      kho-v3@7.1-rc    78875283468e93c3053d60d039d67a8f486af68d0bcc46303fe69ec3fadf3823
      kho-v3@7.1       765ed02fda8b5301162c1e6b8ca24c65a39cb3d9a81a5b0bc18a259db67edd26
      kho-v4           661285c159b78c3a8586047262b19d12291c7ec4ed60301defd212551cd840de
      luo-v1@6.19      90b5786cad7fc013707ee533514f858ee7c90e5d57e1773a6a2f395e76ef65bf
      luo-v1@7.0       2469521c0d5fd217a3b8368ddb93d0339642df6dcad45cda1cc561691bde766f
      luo-v2           be5b700e7dd0a52efe39d8dd8a80feb8d1064d2cc21d36e3ae9b12931ec641a1
      luo-v3           826c2f50bc4940cc103c590fcd0abf91664aa8cf182a0a058308be330e92815c
      luo-v4           7e5368a16aae0e07274dcfa6846712bc9331e0176985df46af3f8db4105b2d43
      luo-v5           c68e9995908de5b03addc36ceb2d855108040c7edffa48ac842440ad4d928038
      memfd-v1         f7b43c827c943125b6ddd55d35ea76ad907f761bdff2dcac204a144aea60f41f
      memfd-v2         b5ee1fd72ae09b5dcab6410bbf4e4c971d6d2f4058d5228048d47afa1d6606e9
      kexec-metadata-1 acd9f6a3c8d9d728adc4f8d54eae13c8b397d889b533302e97ce8bac7ab718bd
      memblock-v1      08ce70c0d33d39dc48f155a19b0c173c3779e0b2262115f84f09638512788c4a
      kho-test-v1      6b9d2e61b1b95cdee27a973d1fb678b1498a2fc737cfe838ff338f9c68246eff
      boot-x86-64      0972b21ae4d981bc4ee00450af6f645bf5915596ded60399e8079523ae33a30d
      boot-arm64       84dbf38ad9bb521660dd0226f58addc650b73115627514b5ff71ba2292900703
      """;

  @Test
  void noLayoutChangesUnnoticed() {
    Map<String, String> pinned =
        PINNED
            .lines()
            .map(line -> line.split(" +", -1))
            .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
    for (ContractVersion version : Contract.VERSIONS) {
      assertThat(version.fingerprint().sha256())
          .as(
              """
              The layout of %1$s is not the one that was pinned.
              If it changed by mistake, undo that. If it was wrong and is right now (or is described better), check it
              against the kernel release it names, then pin this in FingerprintTest and say in the commit why:
                  %1$s %2$s
              A new kernel's layout is a new ContractVersion, never a change of an old one.
              What was hashed:
              %3$s\
              """,
              version.id(), version.fingerprint().sha256(), Fingerprint.canonicalText(version))
          .isEqualTo(pinned.get(version.id()));
    }
    assertThat(pinned).hasSameSizeAs(Contract.VERSIONS);
  }

  @Test
  void layoutsThatShareAStringDifferInFingerprint() {
    assertThat(Contract.VERSIONS.stream().map(v -> v.fingerprint().sha256()).distinct())
        .hasSameSizeAs(Contract.VERSIONS);
  }

  @Test
  void hashesTheDocumentedText() {
    ContractVersion metadata = Contract.version("kexec-metadata-1").orElseThrow();
    assertThat(Fingerprint.canonicalText(metadata))
        .startsWith("form\tkho4j/abi-canonical/1\nversion\tkexec-metadata\t1\n")
        .contains("\nstructure\tkho_kexec_metadata\t73\t0\nfield\tversion\tu32\t0\t4\t\t1; ")
        .endsWith("\n");
    assertThat(metadata.fingerprint().brief()).hasSize(16);
    assertThat(metadata.fingerprint().sha256()).startsWith(metadata.fingerprint().brief());
  }

  @Test
  void wordsAboutAWholeStructureAndReleasesAreNotHashed() {
    assertThat(Fingerprint.canonicalText(Contract.version("memfd-v2").orElseThrow()))
        .doesNotContain("since 7.1")
        .doesNotContain(MemfdSer.V2.source());
  }
}
