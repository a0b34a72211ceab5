package org.kho4j.preflight.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.preflight.btf.BtfBuilder;
import org.kho4j.preflight.image.KernelImages;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.part.Part;

/** Kernels here are arm64 Images that have nothing but some strings. */
class ProfileReaderTest {

  private static final String ALL =
      "\0kho-v4\0kexec-metadata\0memblock-v1\0reserve-mem-v1\0luo-v5\0memfd-v2\0";

  @TempDir Path directory;

  private Profile kernel(String strings) throws IOException {
    byte[] text = strings.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer image = ByteBuffer.allocate(64 + text.length).order(ByteOrder.LITTLE_ENDIAN);
    image.putLong(24, 8 | 1 << 1).put(56, new byte[] {'A', 'R', 'M', 'd'}).put(64, text);
    byte[] bytes = new byte[image.capacity()];
    image.get(0, bytes);
    return ProfileReader.read(KernelImages.read(Files.write(directory.resolve("Image"), bytes)));
  }

  @Test
  void wholeStringsTellTheVersions() throws IOException {
    Profile kernel = kernel(ALL);
    assertThat(kernel.support(Part.KHO).versions()).containsExactly("kho-v4");
    assertThat(kernel.support(Part.MEMBLOCK).versions())
        .containsExactly("memblock-v1", "reserve-mem-v1");
    assertThat(kernel.support(Part.LUO).versions()).containsExactly("luo-v5");
    assertThat(kernel.support(Part.MEMFD).versions()).containsExactly("memfd-v2");
  }

  /** Without the code that compares it, the number of kexec-metadata is not known. */
  @Test
  void theNumberOfKexecMetadataIsNotGuessed() throws IOException {
    Support metadata = kernel(ALL).support(Part.KEXEC_METADATA);
    assertThat(metadata.state()).isEqualTo(Support.State.YES);
    assertThat(metadata.versions()).isEmpty();
  }

  /** The linker keeps one copy of strings that end alike. */
  @Test
  void theEndOfALongerStringIsNotTakenForAVersion() throws IOException {
    Support kho = kernel(ALL.replace("\0kho-v4", "\0wants kho-v4")).support(Part.KHO);
    assertThat(kho.state()).isEqualTo(Support.State.UNKNOWN);
    assertThat(kho.evidence())
        .startsWith("\"kho-v4\" is only the end of \"wants kho-v4\" at offset 0x");
  }

  @Test
  void norForTheSecondVersionOfAPart() throws IOException {
    Support memblock =
        kernel(ALL.replace("\0reserve-mem", "\0no reserve-mem")).support(Part.MEMBLOCK);
    assertThat(memblock.state()).isEqualTo(Support.State.UNKNOWN);
    assertThat(memblock.evidence()).startsWith("\"reserve-mem-v1\" is only the end of");
  }

  @Test
  void aMessageBesideTheVersionDoesNotMatter() throws IOException {
    assertThat(kernel(ALL + "wants kho-v4\0").support(Part.KHO).versions())
        .containsExactly("kho-v4");
  }

  @Test
  void twoVersionsAreAmbiguous() throws IOException {
    Support kho = kernel(ALL + "kho-v3\0").support(Part.KHO);
    assertThat(kho.state()).isEqualTo(Support.State.UNKNOWN);
    assertThat(kho.evidence()).isEqualTo("it has the strings kho-v3, kho-v4");
  }

  @Test
  void withoutAnyStringThePartIsNotThere() throws IOException {
    assertThat(kernel(ALL.replace("kho-v4", "kho")).support(Part.KHO).state())
        .isEqualTo(Support.State.NO);
  }

  /** Both members of the only structure are that structure. */
  @Test
  void aStructureThatContainsItselfIsReadToADepth() throws IOException {
    int struct = 4;
    byte[] btf =
        new BtfBuilder().type("kho_scratch", struct, false, 2, 16, 1, 1, 0, 1, 1, 64).bytes();
    Profile kernel =
        ProfileReader.read(KernelImages.read(Files.write(directory.resolve("btf"), btf)));
    KernelType type = kernel.type("kho_scratch").orElseThrow();
    int depth = 0;
    for (List<Member> at = type.members(); !at.isEmpty(); at = at.getFirst().inner()) {
      assertThat(at).hasSize(2);
      depth++;
    }
    assertThat(depth).isEqualTo(5);
  }

  /** Sixteen members of the only structure are that structure. */
  @Test
  void membersWithoutEndAreReadUpToANumber() throws IOException {
    int[] members = new int[3 * 16];
    for (int i = 0; i < 16; i++) {
      members[3 * i] = 1;
      members[3 * i + 1] = 1;
      members[3 * i + 2] = 64 * i;
    }
    byte[] btf = new BtfBuilder().type("kho_scratch", 4, false, 16, 128, members).bytes();
    Profile kernel =
        ProfileReader.read(KernelImages.read(Files.write(directory.resolve("btf"), btf)));
    assertThat(count(kernel.type("kho_scratch").orElseThrow().members())).isBetween(8000, 8300);
  }

  private static int count(List<Member> members) {
    return members.size() + members.stream().mapToInt(member -> count(member.inner())).sum();
  }

  /** Distributions put the configuration beside the image, under the release's name. */
  @Test
  void theConfigurationBesideTheImageTellsWhetherKhoIsOn() throws IOException {
    String banner = ALL + "Linux version 7.3.4-test (a)\0";
    Path config = directory.resolve("config-7.3.4-test");
    assertThat(kernel(banner).config().map(KernelConfig::khoByDefault)).isEmpty();

    Files.writeString(config, "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n");
    assertThat(kernel(banner).config().map(KernelConfig::khoByDefault)).contains(true);
    assertThat(
            kernel(banner.replace("7.3.4-test", "7.3.5-test"))
                .config()
                .map(KernelConfig::khoByDefault))
        .isEmpty();

    Files.writeString(config, "# CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT is not set\n");
    assertThat(kernel(banner).config().map(KernelConfig::khoByDefault)).contains(false);

    Files.delete(config);
    Files.createDirectory(config);
    assertThat(kernel(banner).config().map(KernelConfig::khoByDefault)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "CONFIG_CMDLINE_BOOL=y CONFIG_CMDLINE=\"a=\\\"1\\\" \\\\b\" | a=\"1\" \\b | PRECEDES",
        "CONFIG_CMDLINE_BOOL=y CONFIG_CMDLINE=\"a\" CONFIG_CMDLINE_OVERRIDE=y | a | OVERRIDES",
        "CONFIG_CMDLINE=\"a\" CONFIG_CMDLINE_FROM_BOOTLOADER=y | a | DEFAULT",
        "CONFIG_CMDLINE=\"a\" CONFIG_CMDLINE_FORCE=y | a | OVERRIDES",
        "CONFIG_CMDLINE=\"\" | `` | DEFAULT",
        "CONFIG_X=y | `` | DEFAULT",
      })
  void theConfigurationHasTheBuiltInCommandLine(
      String options, String commandLine, KernelConfig.Use use) throws IOException {
    Files.writeString(
        directory.resolve("config-7.3.4-test"), options.replace(" CONFIG", "\nCONFIG") + "\n");
    assertThat(kernel(ALL + "Linux version 7.3.4-test (a)\0").config())
        .contains(new KernelConfig(false, commandLine, use));
  }
}
