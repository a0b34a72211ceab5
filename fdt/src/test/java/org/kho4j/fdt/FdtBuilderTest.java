package org.kho4j.fdt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FdtBuilderTest {

  private static FdtProperty prop(String name, String value) {
    return FdtProperty.ofBytes(name, value.getBytes(ISO_8859_1));
  }

  private static MemorySegment buffer(int size) {
    return MemorySegment.ofArray(new byte[size]);
  }

  private static String strings(MemorySegment blob) {
    int offset = blob.get(FdtHeader.WORD, FdtHeader.STRINGS_OFFSET);
    int size = blob.get(FdtHeader.WORD, FdtHeader.STRINGS_SIZE);
    return new String(blob.asSlice(offset, size).toArray(ValueLayout.JAVA_BYTE), ISO_8859_1);
  }

  @Test
  void laysOutTheSmallestTree() {
    MemorySegment blob = FdtBuilder.create(buffer(100)).beginNode("").endNode().finish();
    int[] words = new int[20];
    for (int i = 0; i < words.length; i++) {
      words[i] = blob.get(FdtHeader.WORD, 4L * i);
    }
    assertThat(blob.byteSize()).isEqualTo(80);
    assertThat(words)
        .containsExactly(
            Fdt.MAGIC,
            80,
            64,
            80,
            48,
            17,
            16,
            0,
            0,
            16, // header
            0,
            0, // libfdt's gap
            0,
            0,
            0,
            0, // reserve map
            FdtTag.BEGIN_NODE,
            0,
            FdtTag.END_NODE,
            FdtTag.END);
  }

  @Test
  void writesTheStringThatWasUsedFirstLast() {
    MemorySegment blob =
        FdtBuilder.create(buffer(200))
            .beginNode("")
            .property(prop("one", ""))
            .property(prop("two", ""))
            .beginNode("n")
            .property(prop("one", ""))
            .property(prop("three", ""))
            .endNode()
            .endNode()
            .finish();
    assertThat(strings(blob)).isEqualTo("three\0two\0one\0");
    assertThat(Fdt.read(blob).child("n").orElseThrow().properties())
        .extracting(FdtProperty::name)
        .containsExactly("one", "three");
  }

  @Test
  void usesTheTailOfAnotherNameAndPrefersTheLatest() {
    MemorySegment blob =
        FdtBuilder.create(buffer(300))
            .beginNode("")
            .property(prop("blob-size", ""))
            .property(prop("size", ""))
            .property(prop("page-size", ""))
            .beginNode("n")
            .property(prop("size", ""))
            .endNode()
            .endNode()
            .finish();
    assertThat(strings(blob)).isEqualTo("page-size\0blob-size\0");
    // The node "n": its property's name offset is in page-size, the root's in blob-size.
    assertThat(blob.get(FdtHeader.WORD, 64 + 8 + 12 + 8)).isEqualTo(15);
    assertThat(blob.get(FdtHeader.WORD, 64 + 8 + 36 + 8 + 8)).isEqualTo(5);
  }

  @Test
  void clearsTheBufferAndLeavesTheStringsAtItsEnd() {
    MemorySegment buffer = buffer(200);
    buffer.fill((byte) 0xa5);
    MemorySegment blob =
        FdtBuilder.create(buffer).beginNode("").property(prop("a", "x")).endNode().finish();
    byte[] rest = buffer.asSlice(blob.byteSize()).toArray(ValueLayout.JAVA_BYTE);
    assertThat(new String(rest, ISO_8859_1)).isEqualTo("\0".repeat(rest.length - 2) + "a\0");
  }

  @Test
  void fillsTheBufferToItsLastByte() {
    int exact = 80 + 12 + 4 + 2;
    MemorySegment tight = buffer(exact);
    MemorySegment wide = buffer(1000);
    for (MemorySegment buffer : List.of(tight, wide)) {
      FdtBuilder.create(buffer).beginNode("").property(prop("a", "xyz")).endNode().finish();
    }
    assertThat(wide.asSlice(0, exact).mismatch(tight)).isEqualTo(-1);
  }

  @Test
  void refusesEveryStepThatFindsNoRoomAndGoesOn() {
    assertNoSpace(
        () -> FdtBuilder.create(buffer(47)), 0, "48 bytes are needed at 0x0, but 47 are left");
    FdtBuilder noReserve = FdtBuilder.create(buffer(63));
    assertNoSpace(
        () -> noReserve.reserve(new FdtReservation(1, 1)),
        48,
        "16 bytes are needed at 0x30, but 15 are left");
    assertNoSpace(
        () -> noReserve.beginNode(""), 48, "24 bytes are needed at 0x30, but 15 are left");

    FdtBuilder builder = FdtBuilder.create(buffer(64 + 8 + 12 + 2 + 4 + 4)).beginNode("");
    assertNoSpace(
        () -> builder.property(prop("a", "123456789")),
        72,
        "26 bytes are needed at 0x48, but 22 are left");
    assertNoSpace(
        () -> builder.beginNode("a".repeat(20)),
        72,
        "28 bytes are needed at 0x48, but 22 are left");
    builder.property(prop("a", ""));
    builder.beginNode("nnn");
    assertNoSpace(builder::endNode, 92, "4 bytes are needed at 0x5c, but 0 are left");

    FdtBuilder noEnd = FdtBuilder.create(buffer(76)).beginNode("").endNode();
    assertNoSpace(noEnd::finish, 76, "4 bytes are needed at 0x4c, but 0 are left");
  }

  @Test
  void refusesStepsOutOfOrder() {
    FdtBuilder builder = FdtBuilder.create(buffer(200));
    assertThatIllegalStateException().isThrownBy(builder::finish);
    assertThatIllegalStateException().isThrownBy(builder::endNode);
    assertThatIllegalStateException().isThrownBy(() -> builder.property(prop("a", "")));
    builder.beginNode("");
    assertThatIllegalStateException()
        .isThrownBy(() -> builder.reserve(new FdtReservation(1, 1)))
        .withMessage("reservations come before the first node");
    assertThatIllegalStateException().isThrownBy(builder::finish);
    builder.beginNode("n").endNode();
    assertThatIllegalStateException()
        .isThrownBy(() -> builder.property(prop("a", "")))
        .withMessage("a node's properties come before its children");
    builder.endNode();
    assertThatIllegalStateException().isThrownBy(() -> builder.beginNode(""));
    builder.finish();
    assertThatIllegalStateException().isThrownBy(builder::finish);
  }

  @Test
  void refusesNamesThatCouldNotBeRead() {
    FdtBuilder builder = FdtBuilder.create(buffer(1000));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.beginNode("n"));
    builder.beginNode("").property(prop("a", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.property(prop("a", "x")));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.property(prop("", "")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.beginNode("a".repeat(256)))
        .withMessageEndingWith("has 256 bytes, more than 255");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.beginNode("a\0b"))
        .withMessageEndingWith("has control characters");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.beginNode("\ud800"))
        .withMessageEndingWith("cannot be written in UTF-8");
    builder.beginNode("n").endNode();
    assertThatIllegalArgumentException().isThrownBy(() -> builder.beginNode("n"));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.beginNode(""));
  }

  @Test
  void refusesTooManyLevels() {
    FdtBuilder builder = FdtBuilder.create(buffer(4000)).beginNode("");
    for (int i = 1; i < Fdt.MAX_DEPTH; i++) {
      builder.beginNode("n");
    }
    assertThatIllegalStateException().isThrownBy(() -> builder.beginNode("n"));
  }

  @Test
  void refusesAReservationThatWouldEndTheMap() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FdtBuilder.create(buffer(200)).reserve(new FdtReservation(0, 0)));
  }

  private static void assertNoSpace(ThrowingCallable call, long offset, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FdtException.class,
            e -> {
              assertThat(e.error()).isEqualTo(FdtError.NO_SPACE);
              assertThat(e.offset()).isEqualTo(offset);
            })
        .hasMessage(message);
  }
}
