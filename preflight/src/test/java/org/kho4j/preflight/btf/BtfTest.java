package org.kho4j.preflight.btf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.preflight.Resources;

class BtfTest {

  private static final byte[] SMALL = Resources.bytes("small.btf");

  private static Btf small() throws MalformedImageException {
    return Btf.parse(MemorySegment.ofArray(SMALL), "small");
  }

  @Test
  void showsAStructureOfTheContract() throws Exception {
    BtfStruct struct = small().struct("kho_vmalloc").orElseThrow();

    assertThat(struct.size()).isEqualTo(16);
    assertThat(struct.union()).isFalse();
    assertThat(struct.fields())
        .containsExactly(
            new BtfField("first_phys", 0, 64, "u64", List.of(), 0),
            new BtfField("chunk", 0, 64, "struct kho_vmalloc_chunk *", List.of(), 0),
            new BtfField("total_pages", 64, 32, "u32", List.of(), 0),
            new BtfField("flags", 96, 16, "u16", List.of(), 0),
            new BtfField("order", 112, 16, "u16", List.of(), 0));
  }

  @Test
  void showsWhatCCanSay() throws Exception {
    BtfStruct struct = small().struct("all_of_c").orElseThrow();

    List<String> lines = new ArrayList<>();
    for (BtfField field : struct.fields()) {
      lines.add(line(field));
    }
    assertThat(lines)
        .containsExactly(
            "a: unsigned int @0+3",
            "b: int @3+7",
            "c: u64 @10+40",
            "flag: _Bool @56+8",
            "colour: enum colour @64+32",
            "wide: enum wide @128+64",
            "number: union number @192+64 {number}",
            "name: const char * const @256+64",
            "counter: volatile int * restrict @320+64",
            "opaque: struct opaque * @384+64",
            "pairs: u32 @448+192 [6]",
            "call: function * @640+64",
            "inner: int @704+32",
            "bytes: u8 @736+32 [4]",
            "low: u16 @736+16",
            "high: u16 @752+16",
            "named: struct {…} @768+32 {}",
            "embedded: const struct kho_vmalloc @832+256 [2] {kho_vmalloc}",
            "f: float @1088+32",
            "tail: char @1120+0 [0]");
  }

  private static String line(BtfField field) throws Exception {
    return field.name()
        + ": "
        + field.type()
        + " @"
        + field.bitOffset()
        + "+"
        + field.bitSize()
        + (field.dimensions().isEmpty() ? "" : " " + field.dimensions())
        + (field.structure() == 0 ? "" : " {" + small().struct(field.structure()).name() + "}");
  }

  @Test
  void showsArraysOfArrays() throws Exception {
    BtfBuilder btf = new BtfBuilder().u32();
    btf.type("", BtfKind.ARRAY, false, 0, 0, 1, 1, 2);
    btf.type("pair", BtfKind.TYPEDEF, false, 0, 2);
    btf.type("", BtfKind.ARRAY, false, 0, 0, 2, 1, 3);
    btf.type("", BtfKind.ARRAY, false, 0, 0, 3, 1, 3);
    btf.type("s", BtfKind.STRUCT, false, 2, 48, btf.name("a"), 4, 0, btf.name("b"), 5, 192);

    assertThat(btf.read().struct("s").orElseThrow().fields())
        .containsExactly(
            new BtfField("a", 0, 192, "u32", List.of(3L, 2L), 0),
            new BtfField("b", 192, 192, "pair", List.of(3L), 0));
  }

  @Test
  void showsEnumerationsWithTheirSigns() throws Exception {
    assertThat(small().enumeration("colour").orElseThrow().constants())
        .containsExactly(
            new BtfEnum.Constant("RED", -2),
            new BtfEnum.Constant("GREEN", -1),
            new BtfEnum.Constant("BLUE", 5));
    assertThat(small().enumeration("wide").orElseThrow().constants())
        .contains(new BtfEnum.Constant("WIDE", 0x123456789abcdef0L));
    assertThat(small().enumeration("kho_vmalloc")).isEmpty();
  }

  @Test
  void followsTypedefsOneStep() throws Exception {
    assertThat(small().typedef("phys_addr_t")).contains("u64");
    assertThat(small().typedef("u64")).contains("long long unsigned int");
    assertThat(small().typedef("none")).isEmpty();
  }

  @Test
  void knowsFunctions() throws Exception {
    assertThat(small().hasFunctions()).isTrue();
    assertThat(small().hasFunction("kho_preserve_folio")).isTrue();
    assertThat(small().hasFunction("kho_preserve")).isFalse();
    assertThat(new BtfBuilder().u32().read().hasFunctions()).isFalse();
  }

  @Test
  void passesOverTagsAndEveryKnownKind() throws Exception {
    BtfBuilder btf = new BtfBuilder().u32();
    btf.type("tag", BtfKind.DECL_TAG, false, 0, 1, -1);
    btf.type("user", BtfKind.TYPE_TAG, false, 0, 1);
    btf.type("", BtfKind.PTR, false, 0, 3);
    btf.type("v", BtfKind.VAR, false, 0, 1, 0);
    btf.type(".data", BtfKind.DATASEC, false, 1, 4, 5, 0, 4);
    btf.type("f", BtfKind.FLOAT, false, 0, 4);
    btf.type("e", BtfKind.ENUM64, false, 1, 8, btf.name("E"), -1, 1);
    btf.type("s", BtfKind.STRUCT, false, 1, 8, btf.name("p"), 4, 0);

    Btf read = btf.read();

    assertThat(read.struct("s").orElseThrow().fields())
        .containsExactly(new BtfField("p", 0, 64, "u32 *", List.of(), 0));
    assertThat(read.enumeration("e").orElseThrow().constants())
        .containsExactly(new BtfEnum.Constant("E", 0x1_ffff_ffffL));
  }

  @Test
  void readsBitFieldsOfBothForms() throws Exception {
    BtfBuilder old = new BtfBuilder().u32();
    // An integer of 3 bits at bit 5 of its word.
    old.type("bits", BtfKind.INT, false, 0, 4, 5 << 16 | 3);
    old.type("s", BtfKind.STRUCT, false, 1, 4, old.name("b"), 2, 0);
    BtfBuilder flagged = new BtfBuilder().u32();
    flagged.type("s", BtfKind.STRUCT, true, 1, 4, flagged.name("b"), 1, 3 << 24 | 5);

    assertThat(old.read().struct("s").orElseThrow().fields())
        .containsExactly(new BtfField("b", 5, 3, "bits", List.of(), 0));
    assertThat(flagged.read().struct("s").orElseThrow().fields())
        .containsExactly(new BtfField("b", 5, 3, "u32", List.of(), 0));
  }

  @Test
  void passesOverAnUnknownKindWhoseLengthIsTold() throws Exception {
    byte[] layouts = new byte[4 * 31];
    layouts[4 * 30] = 4;
    layouts[4 * 30 + 1] = 8;
    BtfBuilder btf = new BtfBuilder().u32().layouts(layouts);
    btf.type("new", 30, false, 2, 0, 1, 2, 3, 4, 5);
    btf.type("s", BtfKind.STRUCT, false, 1, 4, btf.name("x"), 1, 0);

    assertThat(btf.read().struct("s").orElseThrow().fields()).hasSize(1);
  }

  @Test
  void refusesAnUnknownKindWhoseLengthIsNot() {
    BtfBuilder btf = new BtfBuilder().u32().type("new", 30, false, 2, 0, 1, 2);

    assertThatThrownBy(btf::read)
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            "it has type 2 at 0x10 of its types, of kind 30, which is unknown, as is its length:"
                + " nothing after it can be read");
  }

  @ParameterizedTest
  @CsvSource({
    "0,5,'it starts with 0xeb05, not with 0xeb9f'",
    "2,2,it has version 2: only version 1 is known",
    "4,3,it has a header of 3 bytes in 48",
    "8,40,'it has its types at 0x28, 0x10 bytes, of 0x18'",
    "12,15,'it has types of 15 bytes, not whole words'",
    "12,12,'it has type 1 at 0x0 of its types, of kind 1 with 0 elements, which runs past their end'",
    "16,100,'it has its strings at 0x64, 0x5 bytes, of 0x18'",
    "20,4,it has strings that do not start and end with NUL"
  })
  void refusesADamagedHeader(int at, int value, String message) {
    byte[] bytes = Arrays.copyOf(new BtfBuilder().u32().bytes(), 48);
    bytes[at] = (byte) value;

    assertThatThrownBy(() -> Btf.parse(MemorySegment.ofArray(bytes), "it"))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(message);
  }

  @Test
  void refusesBigEndianAndTooMuch() {
    byte[] big = new byte[24];
    big[0] = (byte) 0xeb;
    big[1] = (byte) 0x9f;
    byte[] large = Arrays.copyOf(new BtfBuilder().u32().bytes(), Btf.MAX_BYTES + 1);

    assertThatThrownBy(() -> Btf.parse(MemorySegment.ofArray(big), "it"))
        .hasMessage("it is big-endian: only little-endian is read");
    assertThatThrownBy(() -> Btf.parse(MemorySegment.ofArray(large), "it"))
        .hasMessage("it has 12582913 bytes: 12582912 are the most that are read");
  }

  @Test
  void refusesTypesThatAreNotThere() throws Exception {
    BtfBuilder btf = new BtfBuilder().u32();
    btf.type("s", BtfKind.STRUCT, false, 1, 4, btf.name("x"), 9, 0);
    Btf read = btf.read();

    assertThatThrownBy(() -> read.struct("s"))
        .hasMessage(
            "it has type 2, which refers to type 9 of 2 (the BTF of a module alone cannot be"
                + " read)");
  }

  @Test
  void refusesTypesThatHaveThemselves() throws Exception {
    BtfBuilder typedefs = new BtfBuilder().type("a", BtfKind.TYPEDEF, false, 0, 2);
    typedefs.type("b", BtfKind.TYPEDEF, false, 0, 1);
    typedefs.type("s", BtfKind.STRUCT, false, 1, 4, typedefs.name("x"), 1, 0);
    BtfBuilder struct = new BtfBuilder();
    struct.type("s", BtfKind.STRUCT, false, 1, 4, 0, 1, 0);
    Btf first = typedefs.read();
    Btf second = struct.read();

    assertThatThrownBy(() -> first.struct("s"))
        .hasMessageEndingWith("which has more than 64 types in one another");
    assertThatThrownBy(() -> second.struct("s"))
        .hasMessageEndingWith("which has more than 64 types in one another");
  }

  @Test
  void refusesStructuresThatUnfoldToTooMuch() throws Exception {
    BtfBuilder btf = new BtfBuilder();
    btf.type("", BtfKind.STRUCT, false, 0, 4);
    for (int i = 1; i <= 40; i++) {
      btf.type(i == 40 ? "s" : "", BtfKind.STRUCT, false, 2, 4, 0, i, 0, 0, i, 0);
    }
    Btf read = btf.read();

    assertThatThrownBy(() -> read.struct("s")).hasMessageEndingWith("with more than 8192 members");
  }

  @Test
  void refusesNamesThatAreLongerThanAKernelTakes() throws Exception {
    String name = "n".repeat(512);
    assertThat(new BtfBuilder().type(name, BtfKind.STRUCT, false, 0, 0).read().structs())
        .singleElement()
        .extracting(BtfStruct::name)
        .isEqualTo(name);
    Btf longer = new BtfBuilder().type(name + "n", BtfKind.STRUCT, false, 0, 0).read();
    assertThatThrownBy(longer::structs)
        .hasMessage(
            "it has type 1 with a name at 0x1 of its strings that is longer than 512 bytes");
  }

  @Test
  void refusesArraysWhoseSizeOverflows() throws Exception {
    BtfBuilder btf = new BtfBuilder().u32();
    btf.type("", BtfKind.ARRAY, false, 0, 0, 1, 1, -1);
    btf.type("", BtfKind.ARRAY, false, 0, 0, 2, 1, -1);
    btf.type("s", BtfKind.STRUCT, false, 1, 4, btf.name("x"), 3, 0);
    Btf read = btf.read();

    assertThatThrownBy(() -> read.struct("s"))
        .hasMessage("it has type 3, an array whose size overflows");
  }

  @Test
  void saysASentenceOfAnyDamage() {
    Random random = new Random(1);
    for (int round = 0; round < 5_000; round++) {
      byte[] bytes = SMALL.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      try {
        Btf btf = Btf.parse(MemorySegment.ofArray(bytes), "it");
        btf.structs();
        btf.enumeration("wide");
        btf.typedef("u64");
      } catch (MalformedImageException e) {
        assertThat(e).hasMessageStartingWith("it ");
      }
    }
  }
}
