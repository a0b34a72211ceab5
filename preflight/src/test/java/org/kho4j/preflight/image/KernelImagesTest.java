package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.PageSize;
import org.kho4j.files.MalformedImageException;
import org.kho4j.preflight.Resources;
import org.kho4j.preflight.btf.BtfBuilder;

class KernelImagesTest {

  private static final byte[] ELF = Resources.bytes("small.elf");

  private static final List<FoundString> STRINGS =
      List.of(
          rodata("kho-v4", 0xeb),
          rodata("kexec-metadata", 0xf2),
          rodata("luo-v5", 0x101),
          rodata("memblock-v1", 0x108),
          rodata("reserve-mem-v1", 0x114),
          new FoundString("memfd-v2", new Place(".data", 0x1e8, OptionalLong.of(0x4001e8)), ""));

  @TempDir Path directory;

  private static FoundString rodata(String text, long offset) {
    return new FoundString(
        text, new Place(".rodata", offset, OptionalLong.of(0x400000 + offset)), "");
  }

  private KernelImage read(byte[] bytes) throws IOException {
    return KernelImages.read(Files.write(directory.resolve("kernel"), bytes));
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }

  @Test
  void tellsWhereStringsAreInVmlinux() throws IOException {
    KernelImage image = read(ELF);

    assertThat(image.form()).isEqualTo(KernelImage.Form.VMLINUX);
    assertThat(image.compression()).isEmpty();
    assertThat(image.architecture()).isEqualTo(Architecture.X86_64);
    assertThat(image.strings()).contains(STRINGS);
    assertThat(image.release().orElseThrow())
        .isEqualTo(
            new Found<>(
                "7.3.4-test", "\"Linux version …\" at offset 0x1a0 (.rodata, address 0x4001a0)"));
    assertThat(image.pageSize().orElseThrow().value()).isEqualTo(PageSize.SIZE_4K);
    assertThat(image.config()).isEmpty();
    assertThat(image.btf().orElseThrow().struct("kho_vmalloc")).isPresent();
  }

  /** {@code objcopy --only-keep-debug} keeps the bytes of notes, and no others of the kernel. */
  @Test
  void aFileOfDebugDataHasNoStringsToLookAt() throws IOException {
    byte[] elf =
        new ElfBuilder()
            .section(".notes", new byte[8])
            .section(".rodata", "\0kho-v4\0".getBytes(StandardCharsets.US_ASCII))
            .bytes();
    assertThat(BuiltIn.of(read(elf), Feature.KHO).state()).isEqualTo(BuiltIn.State.YES);

    ByteBuffer headers = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
    int rodata = (int) headers.getLong(40) + 2 * 64;
    headers.putInt(rodata + 4, 8); // SHT_NOBITS
    KernelImage image = read(elf);
    assertThat(image.strings()).isEmpty();
    assertThat(BuiltIn.of(image, Feature.KHO).state()).isEqualTo(BuiltIn.State.UNKNOWN);
  }

  @ParameterizedTest
  @CsvSource({
    "small.elf.gz,gzip",
    "small.elf.x86.xz,xz",
    "small.elf.arm64.xz,xz",
    "small.elf.zst,zstd",
    "small.elf.lz4,lz4",
    "small.elf.lzma,lzma"
  })
  void unpacksWhateverTheKernelsBuildPacks(String name, String compression) throws IOException {
    byte[] packed = Resources.bytes(name);
    byte[] payload = compression.equals("gzip") ? packed : Images.withLength(packed, ELF.length);

    KernelImage alone = read(packed);
    KernelImage bzImage = read(Images.bzImage(payload, "7.3.4-header (x@y) #1"));

    assertThat(alone.form()).isEqualTo(KernelImage.Form.VMLINUX);
    assertThat(bzImage.form()).isEqualTo(KernelImage.Form.BZIMAGE);
    for (KernelImage image : List.of(alone, bzImage)) {
      assertThat(image.compression()).contains(compression);
      assertThat(image.strings()).contains(STRINGS);
      assertThat(image.release().orElseThrow().value()).isEqualTo("7.3.4-test");
      assertThat(image.btf()).isPresent();
    }
  }

  @ParameterizedTest
  @CsvSource({"small.elf.lzo, lzop", "small.elf.bz2, bzip2"})
  void saysHowToUnpackWhatIsNotRead(String name, String format) {
    byte[] payload = Images.withLength(Resources.bytes(name), ELF.length);
    String wayOut =
        ", an unsupported form: '"
            + format
            + " -dc FILE' decompresses a file, scripts/extract-vmlinux of the kernel source a"
            + " bzImage";

    assertThatThrownBy(() -> read(Resources.bytes(name)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(directory.resolve("kernel") + ": " + format + " at offset 0x0" + wayOut);
    assertThatThrownBy(() -> read(Images.bzImage(payload, "7.3.4")))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(directory.resolve("kernel") + ": " + format + " at offset 0xa40" + wayOut);
  }

  @Test
  void takesTheReleaseOfTheBzImageWhereNoBannerTellsIt() throws IOException {
    byte[] elf = ELF.clone();
    elf[0x1a0] = 'l';

    KernelImage image = read(Images.bzImage(gzip(elf), "7.3.4-header (x@y) #1"));

    assertThat(image.release())
        .contains(new Found<>("7.3.4-header", "kernel_version of the bzImage, offset 0x500"));
  }

  @Test
  void readsABzImageThatIsNotPacked() throws IOException {
    assertThat(read(Images.bzImage(ELF, "")).strings()).contains(STRINGS);
  }

  @Test
  void aBzImageHasItsSizeInMemory() throws IOException {
    assertThat(read(Images.bzImage(ELF, 0xc6f000, 0x200000)).footprint())
        .contains(new Footprint(0xc6f000, 0x200000));
    assertThat(read(Images.bzImage(ELF, 0xc6f000, 3)).footprint()).isEmpty();
    assertThat(read(Images.bzImage(ELF, 0, 0x200000)).footprint()).isEmpty();
    assertThat(read(ELF).footprint()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"1,SIZE_4K", "2,SIZE_16K", "3,SIZE_64K"})
  void readsArm64ImagesInEveryForm(int flag, PageSize pageSize) throws IOException {
    byte[] image = Images.image(flag, ELF);

    KernelImage plain = read(image);
    KernelImage packed = read(gzip(image));
    KernelImage zboot = read(Images.zboot(gzip(image), -1));

    assertThat(plain.form()).isEqualTo(KernelImage.Form.IMAGE);
    assertThat(packed.form()).isEqualTo(KernelImage.Form.IMAGE);
    assertThat(packed.compression()).contains("gzip");
    assertThat(zboot.form()).isEqualTo(KernelImage.Form.ZBOOT);
    for (KernelImage kernel : List.of(plain, packed, zboot)) {
      assertThat(kernel.architecture()).isEqualTo(Architecture.ARM64);
      assertThat(kernel.pageSize().orElseThrow().value()).isEqualTo(pageSize);
      assertThat(kernel.footprint()).contains(new Footprint(0x1230000, 2 << 20));
      assertThat(kernel.strings("kho"))
          .containsExactly(
              new FoundString("kho-v4", new Place("", 64 + 0xeb, OptionalLong.empty()), ""));
      assertThat(kernel.btf().orElseThrow().struct("kho_vmalloc")).isPresent();
    }
  }

  @Test
  void doesNotGuessThePageSizeThatAnImageDoesNotTell() throws IOException {
    assertThat(read(Images.image(0, new byte[1000])).pageSize()).isEmpty();
  }

  @Test
  void refusesAZbootWhoseLengthIsAnother() {
    assertThatThrownBy(() -> read(Images.zboot(Resources.bytes("small.elf.zst"), 100)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith(
            "kernel: the zstd at offset 0x400 decompresses to "
                + ELF.length
                + " bytes, but should have "
                + 100);
  }

  /** The saved registers are named for the architecture. */
  @ParameterizedTest
  @CsvSource({"orig_ax, X86_64", "pstate, ARM64", "badaddr, RISCV64", "gpr, UNKNOWN"})
  void btfShowsTheArchitecture(String register, Architecture architecture) throws IOException {
    BtfBuilder btf = new BtfBuilder().u32();
    btf.type("pt_regs", 4, false, 1, 4, btf.name(register), 1, 0);
    assertThat(read(btf.bytes()).architecture()).isEqualTo(architecture);
  }

  @Test
  void readsBtfAlone() throws IOException {
    KernelImage image = read(Resources.bytes("small.btf"));

    assertThat(image.form()).isEqualTo(KernelImage.Form.BTF);
    assertThat(image.strings()).isEmpty();
    assertThat(image.release()).isEmpty();
    assertThat(image.pageSize().orElseThrow().value()).isEqualTo(PageSize.SIZE_4K);
    assertThat(BuiltIn.of(image, Feature.KHO))
        .isEqualTo(new BuiltIn(BuiltIn.State.YES, "function kho_preserve_folio in its BTF"));
    assertThat(BuiltIn.of(image, Feature.LUO).state()).isEqualTo(BuiltIn.State.NO);
    assertThat(BuiltIn.of(image, Feature.KHO_TEST))
        .isEqualTo(
            new BuiltIn(
                BuiltIn.State.NO,
                "no function kho_test_init in its BTF, nor one of the module loader"));
    assertThat(BuiltIn.of(image, Feature.KEXEC_METADATA).state()).isEqualTo(BuiltIn.State.UNKNOWN);
  }

  @Test
  void readsTheBuiltInConfiguration() throws IOException {
    byte[] config =
        gzip(
            """
            CONFIG_KEXEC_HANDOVER=y
            # CONFIG_LIVEUPDATE is not set
            CONFIG_TEST_KEXEC_HANDOVER=m
            CONFIG_NAME="x=y"
            """
                .getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes("luo-v5\0IKCFG_ST".getBytes(StandardCharsets.US_ASCII));
    content.writeBytes(config);
    content.writeBytes("IKCFG_ED".getBytes(StandardCharsets.US_ASCII));

    KernelImage image = read(Images.image(1, content.toByteArray()));

    assertThat(image.config().orElseThrow()).containsEntry("CONFIG_NAME", "\"x=y\"").hasSize(4);
    assertThat(BuiltIn.of(image, Feature.KHO))
        .isEqualTo(
            new BuiltIn(
                BuiltIn.State.YES, "CONFIG_KEXEC_HANDOVER=y in its built-in configuration"));
    assertThat(BuiltIn.of(image, Feature.KHO_TEST).state()).isEqualTo(BuiltIn.State.MODULE);
    assertThat(BuiltIn.of(image, Feature.LUO))
        .isEqualTo(
            new BuiltIn(
                BuiltIn.State.NO, "CONFIG_LIVEUPDATE is not set in its built-in configuration"));
  }

  @Test
  void saysThatAKernelHasNoKho() throws IOException {
    KernelImage image = read(Images.image(1, new byte[100_000]));

    assertThat(image.strings()).contains(List.of());
    assertThat(BuiltIn.of(image, Feature.KHO))
        .isEqualTo(new BuiltIn(BuiltIn.State.NO, "no string \"kho-vN\" in the whole kernel"));
    assertThat(BuiltIn.of(image, Feature.KHO_TEST))
        .isEqualTo(
            new BuiltIn(
                BuiltIn.State.UNKNOWN,
                "no string \"kho-test-vN\" in the whole kernel; it may be a module"));
  }

  @Test
  void isUnsureOfTheEndOfAMessage() throws IOException {
    byte[] content = "does not speak kho-v4\0".getBytes(StandardCharsets.US_ASCII);

    KernelImage image = read(Images.image(1, content));

    assertThat(BuiltIn.of(image, Feature.KHO))
        .isEqualTo(
            new BuiltIn(
                BuiltIn.State.UNKNOWN,
                "\"kho-v4\" is only the end of \"does not speak kho-v4\" at offset 0x4f"));
  }

  @Test
  void hasNoReleaseWhereBannersDiffer() throws IOException {
    byte[] content =
        "Linux version 7.3.4 (a)\0Linux version 7.3.5 (a)\0".getBytes(StandardCharsets.US_ASCII);

    assertThat(read(Images.image(1, content)).release()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "small.elf",
        "small.btf",
        "small.elf.gz",
        "small.elf.x86.xz",
        "small.elf.arm64.xz",
        "small.elf.zst",
        "small.elf.lz4",
        "small.elf.lzma"
      })
  void refusesWhatIsCutOff(String name) {
    byte[] bytes = Resources.bytes(name);

    for (int length = 1; length < bytes.length; length += 1 + bytes.length / 97) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> read(cut))
          .as("%d of %d bytes", length, bytes.length)
          .isInstanceOf(MalformedImageException.class)
          .hasMessageStartingWith(directory.resolve("kernel").toString());
    }
  }

  @Test
  void refusesABzImageThatIsCutOff() {
    byte[] bytes = Images.bzImage(ELF, "7.3.4");

    for (int length : new int[] {0x206, 0x24f, 0x300, 2000, 0xa40, bytes.length - 513}) {
      assertThatThrownBy(() -> read(Arrays.copyOf(bytes, length)))
          .isInstanceOf(MalformedImageException.class);
    }
    assertThatThrownBy(() -> read(Arrays.copyOf(bytes, 3000)))
        .hasMessageEndingWith(
            "has its packed kernel at offset 0xa40, 0x11c0 bytes, which runs past the file's end at"
                + " 0xbb8");
  }

  @Test
  void refusesWhatIsNoKernel() {
    assertThatThrownBy(() -> read("hello".getBytes(StandardCharsets.US_ASCII)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith(
            "is no known form of kernel: neither bzImage, Image, zboot, vmlinux nor BTF");
    assertThatThrownBy(() -> read(gzip(gzip(ELF))))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith(
            ", unpacked, has no known form of kernel: neither bzImage, Image, zboot, vmlinux"
                + " nor BTF");
  }

  @Test
  void refusesAnOldBootProtocol() {
    byte[] image = Images.bzImage(ELF, "");
    image[0x206] = 7;
    image[0x207] = 2;

    assertThatThrownBy(() -> read(image))
        .hasMessageEndingWith(
            "has boot protocol 0x207: only from 0x208 on does it say where the kernel is");
  }

  @ParameterizedTest
  @CsvSource({
    "4,1,is an ELF file of class 1: only 64-bit (2) is read",
    "5,2,has ELF byte order 2: only little-endian (1) is read",
    "18,21,'is an ELF file for machine 21: only kernels for x86-64 (62), arm64 (183) and riscv64 (243) are read'",
    "16,1,'is an ELF file of type 1: a kernel is linked, of type 2 or 3'",
    "62,99,has its section names in section 99 of 9"
  })
  void refusesOtherElf(int at, int value, String message) {
    byte[] elf = ELF.clone();
    elf[at] = (byte) value;

    assertThatThrownBy(() -> read(elf)).hasMessageEndingWith("kernel " + message);
  }

  @Test
  void refusesWhatUnpacksToTooMuch() throws IOException {
    byte[] member = gzip(new byte[16 << 20]);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    for (int i = 0; i <= 64; i++) {
      packed.writeBytes(member);
    }

    assertThatThrownBy(() -> read(packed.toByteArray()))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("kernel: gzip at offset 0x")
        .hasMessageEndingWith("it decompresses to more than 1073741824 bytes");
  }

  /** Each of thousands of sections could have the whole file, and all of them would be searched. */
  @Test
  void loadedSectionsThatOverlapAreRefused() {
    ByteBuffer elf = ByteBuffer.wrap(ELF.clone()).order(ByteOrder.LITTLE_ENDIAN);
    int table = (int) elf.getLong(40);
    for (int i = 1; i < elf.getShort(60); i++) {
      int header = table + 64 * i;
      if ((elf.getLong(header + 8) & 2) != 0 && elf.getInt(header + 4) != 8) {
        elf.putLong(header + 24, 0).putLong(header + 32, ELF.length);
      }
    }
    byte[] bytes = new byte[ELF.length];
    elf.get(0, bytes);
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("loaded and overlap");
  }

  @Test
  void moreVersionStringsThanAKernelHasAreRefused() {
    byte[] many = "\0a-v1".repeat(StringScan.MAX_STRINGS).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> read(Images.image(1, Arrays.copyOf(many, many.length + 1))))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("version strings and more");
  }

  /** Strings behind the cut would be taken for absent. */
  @Test
  void anImageThatIsShorterThanItsPeHeaderSaysIsCutOff() throws IOException {
    ByteBuffer image =
        ByteBuffer.wrap(Images.image(1, new byte[0x400])).order(ByteOrder.LITTLE_ENDIAN);
    image
        .putInt(0x3c, 0x40)
        .putInt(0x40, 0x4550)
        .putShort(0x46, (short) 2)
        .putShort(0x54, (short) 8);
    image.putInt(0x60 + 16, 0x100).putInt(0x60 + 20, 0x100);
    image.putInt(0x88 + 16, 0x240).putInt(0x88 + 20, 0x200);
    byte[] bytes = new byte[image.capacity()];
    image.get(0, bytes);

    assertThat(read(bytes).form()).isEqualTo(KernelImage.Form.IMAGE);
    assertThat(read(Arrays.copyOf(bytes, 0x440)).form()).isEqualTo(KernelImage.Form.IMAGE);
    assertThatThrownBy(() -> read(Arrays.copyOf(bytes, 0x43f)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith(
            "has sections up to offset 0x440 by its PE header, and ends at 0x43f");
  }
}
