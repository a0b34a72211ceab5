package org.kho4j.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kho4j.fdt.FdtTag.END;
import static org.kho4j.fdt.FdtTag.NOP;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Structure blocks start at 0x38 here. */
class FdtReaderTest {

  private static RawBlob blob() {
    return new RawBlob();
  }

  @Test
  void readsNodesAndPropertiesInTheBlobsOrder() {
    FdtNode root =
        Fdt.read(
            blob()
                .begin("")
                .prop(2, "value")
                .prop(0, "")
                .begin("z")
                .prop(0, "x")
                .end()
                .begin("y")
                .begin("deep")
                .end()
                .end()
                .end()
                .words(END)
                .strings("b\0a\0")
                .build());
    assertThat(root)
        .isEqualTo(
            new FdtNode(
                "",
                List.of(prop("a", "value"), prop("b", "")),
                List.of(
                    new FdtNode("z", List.of(prop("b", "x")), List.of()),
                    new FdtNode(
                        "y", List.of(), List.of(new FdtNode("deep", List.of(), List.of()))))));
  }

  @Test
  void skipsNopsAnywhere() {
    FdtNode root =
        Fdt.read(
            blob()
                .words(NOP)
                .begin("")
                .words(NOP)
                .prop(0, "x")
                .words(NOP, NOP)
                .begin("n")
                .end()
                .words(NOP)
                .end()
                .words(NOP, END)
                .strings("a\0")
                .build());
    assertThat(root.property("a")).contains(prop("a", "x"));
    assertThat(root.child("n")).isPresent();
  }

  @Test
  void readsNamesThatShareATail() {
    FdtNode root =
        Fdt.read(
            blob()
                .begin("")
                .prop(5, "")
                .prop(0, "")
                .end()
                .words(END)
                .strings("blob-size\0")
                .build());
    assertThat(root.properties())
        .extracting(FdtProperty::name)
        .containsExactly("size", "blob-size");
  }

  @Test
  void acceptsPaddingThatIsNotZero() {
    FdtNode root =
        Fdt.read(
            blob().begin("").words(3, 1, 0, 0x78ffffff).end().words(END).strings("a\0").build());
    assertThat(root.property("a")).contains(prop("a", "x"));
  }

  @Test
  void readsNamesThatAreUtf8() {
    FdtNode root = Fdt.read(blob().begin("").begin("\u00c3\u00bc").end().end().words(END).build());
    assertThat(root.child("ü")).isPresent();
  }

  @Test
  void valuesAreSlicesAndReadOnly() {
    MemorySegment blob = blob().begin("").prop(0, "x").end().words(END).strings("a\0").build();
    MemorySegment value = Fdt.read(blob).property("a").orElseThrow().value();
    blob.set(ValueLayout.JAVA_BYTE, 0x38 + 8 + 12, (byte) 'y');
    assertThat(value.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 'y');
    assertThat(value.isReadOnly()).isTrue();
  }

  @Test
  void rejectsABlockThatEndsWithoutFdtEnd() {
    assertBroken(
        blob(), FdtError.TRUNCATED, 0x38, "/: the structure block ends at 0x38 without FDT_END");
    assertBroken(
        blob().begin("").begin("n"),
        FdtError.TRUNCATED,
        0x48,
        "/n: the structure block ends at 0x48 without FDT_END");
    assertBroken(
        blob().begin("").end().words(END).word(36, 14),
        FdtError.TRUNCATED,
        0x44,
        "/: the structure block ends at 0x46 without FDT_END");
  }

  @Test
  void rejectsWordsThatAreNoTokens() {
    assertBroken(blob().words(0), FdtError.BAD_TAG, 0x38, "/: 0x00000000 is not a token");
    assertBroken(blob().begin("").words(5), FdtError.BAD_TAG, 0x40, "/: 0x00000005 is not a token");
    assertBroken(
        blob().begin("").begin("n").words(0x01000000),
        FdtError.BAD_TAG,
        0x48,
        "/n: 0x01000000 is not a token");
  }

  @Test
  void rejectsABlobWithoutARoot() {
    assertBroken(blob().words(END), FdtError.BAD_TAG, 0x38, "/: FDT_END, but there was no node");
  }

  @Test
  void rejectsWhatFollowsFdtEnd() {
    assertBroken(
        blob().begin("").end().words(END, NOP),
        FdtError.BAD_TAG,
        0x44,
        "/: FDT_END, but the structure block continues to 0x4c");
  }

  @Test
  void rejectsPropertiesBehindANode() {
    assertBroken(
        blob().begin("").begin("n").end().prop(0, "").end().words(END).strings("a\0"),
        FdtError.BAD_TAG,
        0x4c,
        "/: the property \"a\" follows a node");
  }

  @Test
  void rejectsNodesThatAreNotClosed() {
    assertBroken(
        blob().begin("").begin("n").end().words(END),
        FdtError.BAD_NESTING,
        0x4c,
        "/: FDT_END, but 1 nodes are still open");
  }

  @Test
  void rejectsNodesThatAreClosedTwice() {
    assertBroken(
        blob().begin("").end().end().words(END),
        FdtError.BAD_NESTING,
        0x44,
        "/: FDT_END_NODE, but no node is open");
  }

  @Test
  void rejectsASecondRoot() {
    assertBroken(
        blob().begin("").end().begin("").end().words(END),
        FdtError.BAD_NESTING,
        0x44,
        "/: there is a second root node");
  }

  @Test
  void readsSixtyFourLevelsAndNoMore() {
    assertThat(Fdt.read(nested(64).build()).children()).hasSize(1);
    assertThatThrownBy(() -> Fdt.read(nested(65).build()))
        .isInstanceOfSatisfying(
            FdtException.class, e -> assertThat(e.error()).isEqualTo(FdtError.BAD_NESTING))
        .hasMessageEndingWith("/n/n: a node is more than 64 levels deep, at 0x238 of the blob");
  }

  @Test
  void rejectsPropertiesOutsideOfNodes() {
    assertBroken(
        blob().prop(0, "").begin("").end().words(END).strings("a\0"),
        FdtError.BAD_PROPERTY,
        0x38,
        "/: a property is outside of a node");
    assertBroken(
        blob().begin("").end().prop(0, "").words(END).strings("a\0"),
        FdtError.BAD_PROPERTY,
        0x44,
        "/: a property is outside of a node");
  }

  @Test
  void rejectsPropertiesThatReachBeyondTheBlock() {
    assertBroken(
        blob().begin("").words(3, 0).strings("a\0"),
        FdtError.BAD_PROPERTY,
        0x40,
        "/: a property's header of 12 bytes extends beyond the structure block's end at 0x48");
    assertBroken(
        blob().begin("").words(3, 5, 0, 0).strings("a\0"),
        FdtError.BAD_PROPERTY,
        0x40,
        "/: the property \"a\" of 5 bytes extends beyond the structure block's end at 0x50");
    assertBroken(
        blob().begin("").words(3, -1, 0, 0).strings("a\0"),
        FdtError.BAD_PROPERTY,
        0x40,
        "/: the property \"a\" of 4294967295 bytes extends beyond the structure block's end at"
            + " 0x50");
  }

  @Test
  void rejectsPropertyNamesOutsideOfTheStringsBlock() {
    assertBroken(
        blob().begin("").prop(2, "").end().words(END).strings("a\0"),
        FdtError.BAD_NAME,
        0x40,
        "/: a property's name is at 0x2 of a strings block of 0x2 bytes");
    assertBroken(
        blob().begin("").prop(-1, "").end().words(END).strings("a\0"),
        FdtError.BAD_NAME,
        0x40,
        "/: a property's name is at 0xffffffff of a strings block of 0x2 bytes");
  }

  @Test
  void rejectsNamesWithoutAnEnd() {
    assertBroken(
        blob().begin("").prop(1, "").end().words(END).strings("ab"),
        FdtError.BAD_NAME,
        0x55,
        "/: a property name is not terminated before its block's end at 0x56");
    assertBroken(
        blob().begin("").words(1, 0x61616161),
        FdtError.BAD_NAME,
        0x44,
        "/: a node name is not terminated before its block's end at 0x48");
  }

  @Test
  void rejectsEmptyNames() {
    assertBroken(
        blob().begin("").begin("").end().end().words(END),
        FdtError.BAD_NAME,
        0x40,
        "/: a node has no name");
    assertBroken(
        blob().begin("").prop(1, "").end().words(END).strings("a\0"),
        FdtError.BAD_NAME,
        0x40,
        "/: a property has no name");
  }

  @Test
  void rejectsANamedRoot() {
    assertBroken(
        blob().begin("n").end().words(END),
        FdtError.BAD_NAME,
        0x38,
        "/: the root has the name \"n\"");
  }

  @Test
  void rejectsNamesThatAreNoText() {
    assertBroken(
        blob().begin("").begin("\u00ff").end().end().words(END),
        FdtError.BAD_NAME,
        0x44,
        "/: a node name is neither ASCII nor UTF-8");
    assertBroken(
        blob().begin("").begin("a\u001b[31m").end().end().words(END),
        FdtError.BAD_NAME,
        0x44,
        "/: a node name has control characters");
  }

  @Test
  void boundsTheLengthOfNames() {
    assertThat(
            Fdt.read(blob().begin("").begin("a".repeat(255)).end().end().words(END).build())
                .children())
        .hasSize(1);
    assertBroken(
        blob().begin("").begin("a".repeat(256)).end().end().words(END),
        FdtError.BAD_NAME,
        0x44,
        "/: a node name is longer than 255 bytes");
    assertBroken(
        blob().begin("").prop(0, "").end().words(END).strings("a".repeat(256) + '\0'),
        FdtError.BAD_NAME,
        0x54,
        "/: a property name is longer than 255 bytes");
  }

  @Test
  void rejectsSiblingsOfOneName() {
    assertBroken(
        blob().begin("").prop(0, "").prop(2, "").end().words(END).strings("a\0a\0"),
        FdtError.DUPLICATE,
        0x4c,
        "/: the property \"a\" is here twice");
    assertBroken(
        blob().begin("").begin("m").begin("n").end().begin("n").end().end().end().words(END),
        FdtError.DUPLICATE,
        0x54,
        "/m: the node \"n\" is here twice");
  }

  @Test
  void readsHundredsOfThousandsOfNodesWithNamesOfTheirOwn() {
    int count = 300_000;
    RawBlob many = blob().begin("");
    for (int i = 0; i < count; i++) {
      many.begin(Integer.toString(i, 36)).prop(i % 200, "").end();
    }
    MemorySegment blob = many.end().words(END).strings("a".repeat(254) + '\0').build();
    assertThat(Fdt.read(blob).children()).hasSize(count);
  }

  private static RawBlob nested(int depth) {
    RawBlob blob = blob().begin("");
    for (int i = 1; i < depth; i++) {
      blob.begin("n");
    }
    for (int i = 0; i < depth; i++) {
      blob.end();
    }
    return blob.words(END);
  }

  private static FdtProperty prop(String name, String value) {
    return FdtProperty.ofBytes(name, value.getBytes(StandardCharsets.US_ASCII));
  }

  private static void assertBroken(RawBlob blob, FdtError error, long offset, String sentence) {
    assertThatThrownBy(() -> Fdt.read(blob.build()))
        .isInstanceOfSatisfying(
            FdtException.class,
            e -> {
              assertThat(e).hasMessage("%s, at 0x%x of the blob".formatted(sentence, offset));
              assertThat(e.error()).isEqualTo(error);
              assertThat(e.offset()).isEqualTo(offset);
            });
  }
}
