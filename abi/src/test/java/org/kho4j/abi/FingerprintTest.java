package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FingerprintTest {

  private static final String PINNED =
      """
      kho-v1@6.16      c3986205d6d058d4788199f9b1842feea854ec5aa9d82f82a65c82a4163698a8
      kho-v1@6.17.9    3b296168f7238ee12e97c79c737476fe0b8029dec8a8e3d2dc73895dc20fa15a
      kho-v1@6.18      3249f446c549efc5808a7a83806e4e299a180e5d7476cc7be839d68d5c662f9f
      kho-v2           04db0c0bedfdae9a86d51897098ed66485f5d9c2a03a010ea32a807d06e05b1c
      kho-v3@7.1-rc    b1236b131a5d8f9cf1629fa952f81dc093a053ce90291ea635357fefa283ccb3
      kho-v3@7.1       7f4cca0cec72e890ba4872cc939f8771881df25f656fbf9dc7f7afac4dba9059
      kho-v4           bd1ee20938bab9ecaf50a29f07d4f911b2c9df726d1d23a9cecef7e29b0885ad
      luo-v1@6.19      90b5786cad7fc013707ee533514f858ee7c90e5d57e1773a6a2f395e76ef65bf
      luo-v1@7.0       2469521c0d5fd217a3b8368ddb93d0339642df6dcad45cda1cc561691bde766f
      luo-v2           be5b700e7dd0a52efe39d8dd8a80feb8d1064d2cc21d36e3ae9b12931ec641a1
      luo-v3           826c2f50bc4940cc103c590fcd0abf91664aa8cf182a0a058308be330e92815c
      luo-v4           8f90d593cd8d36f6689ae04a5004d4c28e017ad70ad3430cf6e09ca20590c87c
      luo-v5           3fe18122918cc514d482951cd02e0549dffa9ec948fe7da92a9bdc23d48539de
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
