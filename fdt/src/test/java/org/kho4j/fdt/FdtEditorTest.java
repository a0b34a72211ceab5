package org.kho4j.fdt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FdtEditorTest {

  /** A root with property a=1234 and the child n, in a buffer of 300 bytes. */
  private static MemorySegment small() {
    MemorySegment buffer = MemorySegment.ofArray(new byte[300]);
    FdtBuilder.create(buffer)
        .beginNode("")
        .property(prop("a", "1234"))
        .beginNode("n")
        .endNode()
        .endNode()
        .finish();
    return buffer;
  }

  private static FdtProperty prop(String name, String value) {
    return FdtProperty.ofBytes(name, value.getBytes(ISO_8859_1));
  }

  private static FdtNode node(String name, List<FdtProperty> properties, FdtNode... children) {
    return new FdtNode(name, properties, List.of(children));
  }

  @Test
  void addsNodesAndPropertiesInFront() {
    FdtEditor editor = FdtEditor.open(small());
    editor.root().addSubnode("m").set(prop("x", "1")).set(prop("y", "22"));
    editor.root().child("n").addSubnode("deep");
    editor.root().set(prop("b", "55555"));

    assertThat(Fdt.read(editor.pack()))
        .isEqualTo(
            node(
                "",
                List.of(prop("b", "55555"), prop("a", "1234")),
                node("m", List.of(prop("y", "22"), prop("x", "1"))),
                node("n", List.of(), node("deep", List.of()))));
  }

  @Test
  void insertsBehindTheNopsThatFollowProperties() {
    MemorySegment buffer = MemorySegment.ofArray(new byte[200]);
    buffer.copyFrom(
        new RawBlob()
            .words(FdtTag.NOP)
            .begin("")
            .words(FdtTag.NOP)
            .prop(0, "")
            .words(FdtTag.NOP)
            .begin("n")
            .end()
            .words(FdtTag.NOP)
            .end()
            .words(FdtTag.END)
            .strings("a\0")
            .build());
    FdtEditor editor = FdtEditor.open(buffer);
    editor.root().addSubnode("m");
    editor.root().set(prop("b", ""));
    editor.root().child("n").set(prop("c", ""));

    assertThat(editor.read())
        .isEqualTo(
            node(
                "",
                List.of(prop("b", ""), prop("a", "")),
                node("m", List.of()),
                node("n", List.of(prop("c", "")))));
    assertThat(buffer.get(FdtHeader.WORD, 56 + 4 + 8)).isEqualTo(FdtTag.PROP);
    assertThat(buffer.get(FdtHeader.WORD, 56 + 4 + 8 + 12)).isEqualTo(FdtTag.NOP);
    assertThat(buffer.get(FdtHeader.WORD, 56 + 4 + 8 + 12 + 4 + 12)).isEqualTo(FdtTag.NOP);
    assertThat(buffer.get(FdtHeader.WORD, 56 + 4 + 8 + 12 + 4 + 12 + 4))
        .isEqualTo(FdtTag.BEGIN_NODE);
  }

  @Test
  void setsAPropertyInItsPlace() {
    FdtEditor editor = FdtEditor.open(small());
    editor.root().set(prop("b", "1")).set(prop("a", "a longer value")).set(prop("b", ""));

    assertThat(editor.read().properties())
        .containsExactly(prop("b", ""), prop("a", "a longer value"));
  }

  @Test
  void removesPropertiesAndNodesAndKeepsTheirNames() {
    FdtEditor editor = FdtEditor.open(small());
    editor.root().child("n").set(prop("gone", "1"));
    editor.root().child("n").remove();
    editor.root().removeProperty("a");
    MemorySegment blob = editor.pack();

    assertThat(Fdt.read(blob)).isEqualTo(node("", List.of()));
    assertThat(new String(blob.asSlice(72).toArray(ValueLayout.JAVA_BYTE), ISO_8859_1))
        .isEqualTo("a\0gone\0");
  }

  @Test
  void usesNamesThatStandInTheStringsBlockFromTheirFirstPlace() {
    FdtEditor editor = FdtEditor.open(small());
    editor.root().set(prop("blob-size", "")).set(prop("page-size", "")).set(prop("size", ""));
    MemorySegment blob = editor.pack();

    String text = new String(blob.toArray(ValueLayout.JAVA_BYTE), ISO_8859_1);
    assertThat(text).endsWith("a\0blob-size\0page-size\0");
    assertThat(blob.get(FdtHeader.WORD, 56 + 8 + 8)).isEqualTo(2 + 5);
  }

  /** The kernel's page is cleared at first, but its values need not be whole words. */
  @Test
  void doesNotClearWhatItLeavesBehind() {
    MemorySegment buffer = small();
    FdtEditor editor = FdtEditor.open(buffer);
    long before = editor.pack().byteSize();
    editor = FdtEditor.open(buffer);
    editor.root().set(prop("a", "1"));
    editor.root().child("n").remove();
    MemorySegment blob = editor.pack();

    assertThat(blob.get(FdtHeader.WORD, 56 + 8 + 12)).isEqualTo(0x31323334);
    assertThat(blob.byteSize()).isEqualTo(before - 12);
    assertThat(
            new String(
                buffer.asSlice(blob.byteSize(), 12).toArray(ValueLayout.JAVA_BYTE), ISO_8859_1))
        .isEqualTo("\0\2\0\0\0\2\0\0\0\ta\0");
  }

  @Test
  void packMovesTheBlocksTogether() {
    MemorySegment buffer = small();
    MemorySegment blob = FdtEditor.open(buffer).pack();

    assertThat(blob.get(FdtHeader.WORD, FdtHeader.RESERVE_MAP_OFFSET)).isEqualTo(40);
    assertThat(blob.get(FdtHeader.WORD, FdtHeader.STRUCT_OFFSET)).isEqualTo(56);
    assertThat(Fdt.totalSize(blob)).isEqualTo(blob.byteSize());
    assertThat(Fdt.read(blob)).isEqualTo(Fdt.read(small()));
  }

  @Test
  void openRaisesTheTotalSizeToTheBuffers() {
    MemorySegment buffer = small();
    MemorySegment before = small();
    FdtEditor.open(buffer);
    assertThat(Fdt.totalSize(buffer)).isEqualTo(300);
    before.set(FdtHeader.WORD, FdtHeader.TOTAL_SIZE, 300);
    assertThat(buffer.mismatch(before)).isEqualTo(-1);
  }

  @Test
  void makesVersion17OfVersion16() {
    MemorySegment buffer = MemorySegment.ofArray(new byte[300]);
    MemorySegment blob =
        new RawBlob().begin("").prop(0, "x").end().words(FdtTag.END).strings("a\0").build();
    buffer.copyFrom(blob);
    buffer.set(FdtHeader.WORD, FdtHeader.VERSION_OFFSET, 16);
    buffer.set(FdtHeader.WORD, FdtHeader.STRUCT_SIZE, 0);

    assertThat(FdtEditor.open(buffer).pack().mismatch(blob)).isEqualTo(-1);
  }

  @Test
  void putsBlocksInOrder() {
    MemorySegment buffer = MemorySegment.ofArray(new byte[300]);
    MemorySegment blob =
        new RawBlob().begin("").prop(0, "x").end().words(FdtTag.END).strings("a\0").build();
    MemorySegment.copy(blob, 0, buffer, 0, 40);
    MemorySegment.copy(blob, 56, buffer, 44, 32);
    MemorySegment.copy(blob, 88, buffer, 40, 2);
    buffer.set(FdtHeader.WORD, FdtHeader.STRUCT_OFFSET, 44);
    buffer.set(FdtHeader.WORD, FdtHeader.STRINGS_OFFSET, 40);
    buffer.set(FdtHeader.WORD, FdtHeader.RESERVE_MAP_OFFSET, 80);
    buffer.set(FdtHeader.WORD, FdtHeader.TOTAL_SIZE, 96);
    assertThat(Fdt.read(buffer)).isEqualTo(Fdt.read(blob));

    assertFails(() -> FdtEditor.open(buffer.asSlice(0, 96).asSlice(0, 89)), FdtError.TRUNCATED);
    assertThat(FdtEditor.open(buffer).pack().mismatch(blob)).isEqualTo(-1);
  }

  @Test
  void leavesEverythingAsItWasWhenThereIsNoRoom() {
    MemorySegment buffer = small();
    long packed = FdtEditor.open(buffer).pack().byteSize();
    FdtEditor editor = FdtEditor.open(buffer.asSlice(0, packed + 13));
    byte[] before = buffer.toArray(ValueLayout.JAVA_BYTE);

    assertFails(() -> editor.root().addSubnode("mmmm"), FdtError.NO_SPACE);
    assertFails(() -> editor.root().set(prop("b", "")), FdtError.NO_SPACE);
    assertFails(() -> editor.root().set(prop("a", "1".repeat(18))), FdtError.NO_SPACE);
    assertThat(buffer.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);

    editor.root().addSubnode("mmm");
    assertThat(editor.read().children()).hasSize(2);
  }

  @Test
  void takesAValueOutOfTheBlobItself() {
    FdtEditor editor = FdtEditor.open(small());
    editor
        .root()
        .child("n")
        .set(new FdtProperty("b", editor.read().properties().getFirst().value()));
    editor.root().set(new FdtProperty("c", editor.read().properties().getFirst().value()));

    assertThat(editor.read())
        .isEqualTo(
            node(
                "",
                List.of(prop("c", "1234"), prop("a", "1234")),
                node("n", List.of(prop("b", "1234")))));
  }

  @Test
  void refusesWhatIsNotThereOrIsThereAlready() {
    FdtEditor editor = FdtEditor.open(small());
    FdtEditor.Node n = editor.root().child("n");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> editor.root().addSubnode("n"))
        .withMessage("the node \"n\" already exists");
    assertThatIllegalStateException().isThrownBy(() -> editor.root().remove());
    n.remove();
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            n::remove, () -> n.addSubnode("x"), () -> editor.root().child("n"))) {
      assertThatThrownBy(call)
          .isInstanceOf(NoSuchElementException.class)
          .hasMessage("no node \"n\"");
    }
    assertThatThrownBy(() -> editor.root().removeProperty("b"))
        .isInstanceOf(NoSuchElementException.class)
        .hasMessage("no property \"b\"");
  }

  @Test
  void refusesTooManyLevels() {
    MemorySegment buffer =
        MemorySegment.ofArray(Arrays.copyOf(small().toArray(ValueLayout.JAVA_BYTE), 2000));
    FdtEditor editor = FdtEditor.open(buffer);
    FdtEditor.Node node = editor.root();
    for (int i = 1; i < Fdt.MAX_DEPTH; i++) {
      node = node.addSubnode("deep");
    }
    FdtEditor.Node deepest = node;
    assertThatIllegalStateException().isThrownBy(() -> deepest.addSubnode("deep"));
    assertThat(editor.read().children()).hasSize(2);
  }

  @Test
  void refusesABufferThatCannotBeWritten() {
    MemorySegment readOnly = small().asReadOnly();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FdtEditor.open(readOnly))
        .withMessageContaining("read-only");
  }

  private static void assertFails(ThrowingCallable call, FdtError error) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(FdtException.class, e -> assertThat(e.error()).isEqualTo(error));
  }
}
