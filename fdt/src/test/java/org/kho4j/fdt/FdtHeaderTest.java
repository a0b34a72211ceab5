package org.kho4j.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class FdtHeaderTest {

  /** Reserve map 40..56, structure 56..72, strings 72..74. */
  private static RawBlob small() {
    return new RawBlob().begin("").end().words(FdtTag.END).strings("a\0");
  }

  @Test
  void rejectsFewerBytesThanAHeader() {
    assertBroken(
        small().build().asSlice(0, 39),
        FdtError.TRUNCATED,
        0,
        "39 bytes are too few for the header of 40");
    assertBroken(
        MemorySegment.ofArray(new byte[0]),
        FdtError.TRUNCATED,
        0,
        "0 bytes are too few for the header of 40");
  }

  @Test
  void rejectsAnotherMagic() {
    assertBroken(
        small().word(0, 0xedfe0dd0),
        FdtError.BAD_MAGIC,
        0,
        "the magic is 0xedfe0dd0, not 0xd00dfeed");
  }

  @Test
  void rejectsVersionsThatItCannotRead() {
    assertBroken(
        small().word(20, 3).word(24, 3), FdtError.BAD_VERSION, 20, "version 3 is older than 16");
    assertBroken(
        small().word(20, -1).word(24, 18),
        FdtError.BAD_VERSION,
        24,
        "version 4294967295 is compatible down to 18, and this reader is of version 17");
    assertBroken(
        small().word(20, 16).word(24, 17),
        FdtError.BAD_VERSION,
        24,
        "version 16 is compatible down to 17, and this reader is of version 17");
  }

  @Test
  void readsLaterVersionsThatAreCompatible() {
    assertThat(Fdt.read(small().word(20, 18).word(24, 17).build()).children()).isEmpty();
  }

  @Test
  void readsVersion16WhoseHeaderHasNoStructureSize() {
    assertThat(Fdt.read(small().word(20, 16).word(36, 0xffffffff).build()).children()).isEmpty();
  }

  @Test
  void rejectsATotalSizeBelowTheHeaders() {
    assertBroken(
        small().word(4, 39),
        FdtError.TRUNCATED,
        4,
        "a total size of 39 is less than the header's 40");
  }

  @Test
  void rejectsATotalSizeBeyondTheSegment() {
    assertBroken(
        small().word(4, 75),
        FdtError.TRUNCATED,
        4,
        "the total size is 75, but there are only 74 bytes");
    assertBroken(
        small().word(4, -1),
        FdtError.TRUNCATED,
        4,
        "the total size is 4294967295, but there are only 74 bytes");
  }

  @Test
  void tellsATotalSizeThatIsBeyondTheSegment() {
    assertThat(Fdt.totalSize(small().word(4, -1).build())).isEqualTo(0xffffffffL);
  }

  @Test
  void readsABlobThatOtherBytesFollow() {
    MemorySegment blob = small().build();
    MemorySegment longer = MemorySegment.ofArray(new byte[100]).copyFrom(blob);
    assertThat(Fdt.read(longer)).isEqualTo(Fdt.read(blob));
  }

  @Test
  void rejectsBlocksThatReachIntoTheHeader() {
    assertBroken(
        small().word(8, 36),
        FdtError.BAD_LAYOUT,
        8,
        "the structure block at 0x24 of 16 bytes is not between the header's end at 0x28 and the"
            + " blob's at 0x4a");
    assertBroken(
        small().word(16, 32),
        FdtError.BAD_LAYOUT,
        16,
        "the reserve map at 0x20 of 0 bytes is not between the header's end at 0x28 and the"
            + " blob's at 0x4a");
  }

  @Test
  void rejectsBlocksThatReachBeyondTheBlob() {
    assertBroken(
        small().word(32, 3),
        FdtError.BAD_LAYOUT,
        12,
        "the strings block at 0x48 of 3 bytes is not between the header's end at 0x28 and the"
            + " blob's at 0x4a");
    assertBroken(
        small().word(36, -4),
        FdtError.BAD_LAYOUT,
        8,
        "the structure block at 0x38 of 4294967292 bytes is not between the header's end at 0x28"
            + " and the blob's at 0x4a");
    assertBroken(
        small().word(16, -8),
        FdtError.BAD_LAYOUT,
        16,
        "the reserve map at 0xfffffff8 of 0 bytes is not between the header's end at 0x28 and the"
            + " blob's at 0x4a");
  }

  @Test
  void rejectsMisalignedBlocks() {
    assertBroken(
        small().word(8, 58).word(36, 12),
        FdtError.BAD_LAYOUT,
        8,
        "the structure block starts at 0x3a, which is not a multiple of 4");
    assertBroken(
        small().word(16, 44),
        FdtError.BAD_LAYOUT,
        16,
        "the reserve map starts at 0x2c, which is not a multiple of 8");
  }

  @Test
  void rejectsBlocksThatOverlap() {
    assertBroken(
        small().word(12, 71),
        FdtError.BAD_LAYOUT,
        12,
        "the structure block at 0x38 of 16 bytes and the strings block at 0x47 of 2 bytes overlap");
    assertBroken(
        small().word(8, 52).word(36, 20),
        FdtError.BAD_LAYOUT,
        8,
        "the reserve map at 0x28 of 16 bytes and the structure block at 0x34 of 20 bytes overlap");
    assertBroken(
        small().word(12, 40),
        FdtError.BAD_LAYOUT,
        12,
        "the reserve map at 0x28 of 16 bytes and the strings block at 0x28 of 2 bytes overlap");
  }

  @Test
  void readsBlocksInAnyOrderWithSlackBetweenThem() {
    byte[] moved = new byte[120];
    MemorySegment blob = new RawBlob().begin("").prop(0, "x").end().words(9).strings("a\0").build();
    MemorySegment other = MemorySegment.ofArray(moved);
    MemorySegment.copy(blob, 0, other, 0, 40);
    MemorySegment.copy(blob, 56, other, 44, 32);
    MemorySegment.copy(blob, 88, other, 79, 2);
    other.set(FdtHeader.WORD, FdtHeader.TOTAL_SIZE, 120);
    other.set(FdtHeader.WORD, FdtHeader.STRUCT_OFFSET, 44);
    other.set(FdtHeader.WORD, FdtHeader.STRINGS_OFFSET, 79);
    other.set(FdtHeader.WORD, FdtHeader.RESERVE_MAP_OFFSET, 88);

    assertThat(Fdt.read(other)).isEqualTo(Fdt.read(blob));
    other.set(FdtHeader.WORD, FdtHeader.VERSION_OFFSET, 16);
    assertThat(Fdt.read(other)).isEqualTo(Fdt.read(blob));
  }

  @Test
  void rejectsAReserveMapWithoutAnEnd() {
    assertBroken(
        small().word(40, 1).word(56, 1),
        FdtError.TRUNCATED,
        72,
        "the reserve map at 0x28 has no end before the blob's at 0x4a");
  }

  @Test
  void readsTheReserveMap() {
    byte[] buffer = new byte[200];
    MemorySegment blob =
        FdtBuilder.create(MemorySegment.ofArray(buffer))
            .reserve(new FdtReservation(0, 0x1000))
            .reserve(new FdtReservation(0xffff_ffff_ffff_f000L, 0))
            .beginNode("")
            .endNode()
            .finish();
    assertThat(Fdt.reservations(blob))
        .isEqualTo(
            List.of(new FdtReservation(0, 0x1000), new FdtReservation(0xffff_ffff_ffff_f000L, 0)));
  }

  @Test
  void readsWhereverTheBlobLies() {
    byte[] blob = small().build().toArray(ValueLayout.JAVA_BYTE);
    for (int shift = 0; shift < 8; shift++) {
      byte[] shifted = new byte[shift + blob.length];
      System.arraycopy(blob, 0, shifted, shift, blob.length);
      assertThat(Fdt.read(MemorySegment.ofArray(shifted).asSlice(shift)))
          .isEqualTo(Fdt.read(MemorySegment.ofArray(Arrays.copyOf(blob, blob.length))));
    }
  }

  private static void assertBroken(RawBlob blob, FdtError error, long offset, String message) {
    assertBroken(blob.build(), error, offset, message);
  }

  private static void assertBroken(
      MemorySegment blob, FdtError error, long offset, String message) {
    assertThatThrownBy(() -> Fdt.read(blob))
        .isInstanceOfSatisfying(
            FdtException.class,
            e -> {
              assertThat(e).hasMessage(message);
              assertThat(e.error()).isEqualTo(error);
              assertThat(e.offset()).isEqualTo(offset);
            });
  }
}
