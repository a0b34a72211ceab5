package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.files.MalformedImageException;
import org.kho4j.handover.luo.FeatureHeader;

/** Tables in the layouts of development trees, written here: no kernel's output. */
class SupportTableTest {

  private static final int MAGIC = 0x4c565550;

  @TempDir private Path directory;

  private KernelImage kernel(ElfBuilder elf) throws IOException {
    Path file = directory.resolve("vmlinux");
    Files.write(file, elf.bytes());
    return KernelImages.read(file);
  }

  private List<SupportTable.Entry> entries(String section, byte[] table) throws IOException {
    return kernel(new ElfBuilder().section(section, table)).table().orElseThrow().entries();
  }

  static byte[] features(int version, Object... entries) {
    ByteBuffer table =
        ByteBuffer.allocate(8 + entries.length / 4 * 80).order(ByteOrder.LITTLE_ENDIAN);
    table.putInt(MAGIC).putInt(version);
    for (int i = 0; i < entries.length; i += 4) {
      byte[] name = new byte[48];
      byte[] text = entries[i].toString().getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(text, 0, name, 0, text.length);
      table.put(name).putInt(8).putInt(0);
      for (int j = 1; j < 4; j++) {
        table.putLong(((Number) entries[i + j]).longValue());
      }
    }
    return table.array();
  }

  static byte[] versions(String... names) {
    ByteBuffer table = ByteBuffer.allocate(8 + names.length * 48).order(ByteOrder.LITTLE_ENDIAN);
    table.putInt(MAGIC).putInt(1);
    for (String name : names) {
      byte[] field = new byte[48];
      byte[] text = name.getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(text, 0, field, 0, text.length);
      table.put(field);
    }
    return table.array();
  }

  @Test
  void namesWithFeatures() throws IOException {
    List<SupportTable.Entry> entries =
        entries(".liveupdate_features", features(1, "luo", 7, 7, 3, "memfd", 3, 1, 1));
    assertThat(entries).extracting(SupportTable.Entry::name).containsExactly("luo", "memfd");
    assertThat(entries)
        .extracting(SupportTable.Entry::features)
        .containsExactly(
            Optional.of(new FeatureHeader(7, 7, 3)), Optional.of(new FeatureHeader(3, 1, 1)));
    assertThat(entries.getFirst().place().section()).isEqualTo(".liveupdate_features");
  }

  @Test
  void versionStrings() throws IOException {
    assertThat(entries(".liveupdate_versions", versions("kho-v4", "kvm_vm_luo_v1")))
        .extracting(SupportTable.Entry::name)
        .containsExactly("kho-v4", "kvm_vm_luo_v1");
  }

  @Test
  void paddingEndsTheTable() throws IOException {
    assertThat(entries(".liveupdate_versions", versions("luo-v5", "", ""))).hasSize(1);
    assertThat(entries(".liveupdate_features", features(1))).isEmpty();
  }

  @Test
  void aTableOfAnotherVersionIsNotRead() throws IOException {
    ElfBuilder elf = new ElfBuilder().section(".liveupdate_features", features(2, "luo", 7, 7, 7));
    assertThat(kernel(elf).table()).isEmpty();
  }

  @Test
  void aBrokenTableIsRefused() {
    byte[] unended = versions("luo-v5");
    Arrays.fill(unended, 8, 56, (byte) 'x');
    byte[] wide = features(1, "luo", 7, 7, 7);
    wide[8 + 48] = 16;
    refused(".liveupdate_versions", unended, "no NUL within 48 bytes");
    refused(".liveupdate_features", wide, "features of 16 bytes");
    byte[] other = features(1, "luo", 7, 7, 7);
    other[3] = 0x11;
    refused(
        ".liveupdate_features", other, "no table: it begins with 0x11565550, not with 0x4c565550");
    refused(".liveupdate_features", new byte[3], "no table: it has 3 bytes, but the header has 8");
  }

  /** The entry that is cut off is not replaced by the strings of the kernel. */
  @Test
  void aTableThatEndsWithinAnEntryIsRefused() {
    refused(
        ".liveupdate_features",
        Arrays.copyOf(features(1, "luo", 7, 7, 3, "memfd", 3, 1, 1), 8 + 80 + 79),
        "a table in section .liveupdate_features that ends within an entry: 79 of 80 bytes");
    refused(
        ".liveupdate_versions",
        Arrays.copyOf(versions("kho-v4", "memfd-v2"), 8 + 48 + 1),
        "a table in section .liveupdate_versions that ends within an entry: 1 of 48 bytes");
  }

  @Test
  void paddingMayBeShorterThanAnEntry() throws IOException {
    assertThat(entries(".liveupdate_versions", Arrays.copyOf(versions("luo-v5"), 8 + 48 + 7)))
        .hasSize(1);
  }

  private void refused(String section, byte[] table, String because) {
    assertThatThrownBy(() -> kernel(new ElfBuilder().section(section, table)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("vmlinux has")
        .hasMessageContaining(because);
  }
}
