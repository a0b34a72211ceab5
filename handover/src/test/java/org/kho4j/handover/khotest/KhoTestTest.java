package org.kho4j.handover.khotest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.handmade.Tree;

/** The tree at 0x200000, its chunk at 0x201000, the list of folios at 0x202000. */
class KhoTestTest {

  private static final long CHUNK = 0x201000;
  private static final long LIST = 0x202000;

  private final KernelMemory kernel = new KernelMemory();

  private static byte[] descriptor(long first, int totalPages) {
    return ByteBuffer.allocate(16)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(first)
        .putInt(totalPages)
        .putShort((short) 1)
        .putShort((short) 0)
        .array();
  }

  private static Tree data(int folios, int checksum) {
    return new Tree("data")
        .u32("nr_folios", folios)
        .u32("csum", checksum)
        .bytes("folios_info", descriptor(CHUNK, 1));
  }

  private KhoTest read(Tree root) {
    kernel.subtree("kho_test", 0x200000, root);
    return kernel.handover().client(KhoTest.CLIENT).orElseThrow();
  }

  private static Tree root() {
    return Tree.compatible("kho-test-v1").u32("magic", 0x4b484f21);
  }

  /** A test whose folios are addresses with the order in their low bits. */
  private KhoTest test(int checksum, long... folios) {
    kernel.ram.zeros(CHUNK, 4096).put64(CHUNK + 8, LIST).zeros(LIST, 4096);
    for (int i = 0; i < folios.length; i++) {
      kernel.ram.put64(LIST + 8L * i, folios[i]);
    }
    return read(root().child(data(folios.length, checksum)));
  }

  @Test
  void readsItsFolios() {
    KhoTest test = test(0x1234, 0x400000, 0x500003);

    List<String> folios = new ArrayList<>();
    test.forEachFolio((address, order) -> folios.add("0x%x order %d".formatted(address, order)));
    assertThat(test.folios()).isEqualTo(2);
    assertThat(test.checksum()).isEqualTo(0x1234);
    assertThat(test.foliosInfo().descriptor().first()).isEqualTo(CHUNK);
    assertThat(folios).containsExactly("0x400000 order 0", "0x500000 order 3");
  }

  @Test
  void addsUpTheWordsOfAllFolios() {
    kernel.ram.zeros(0x400000, 4096).put16(0x400000, 0x1234).put16(0x400ffe, 0x1111);
    kernel.ram.zeros(0x500000, 8192).put16(0x501002, 0x0002);

    KhoTest.Data data = test(0x2347, 0x400000, 0x500001).data();
    assertThat(data.bytes()).isEqualTo(3 * 4096);
    assertThat(data.checksumMatches()).isTrue();
  }

  @Test
  void aDifferentByteIsAMismatch() {
    kernel.ram.zeros(0x400000, 4096).put16(0x400000, 0x1234).put16(0x400ffe, 0x1112);

    assertThat(test(0x2345, 0x400000).data().checksumMatches()).isFalse();
  }

  /** Machines fold the sum differently far: what they agree on is its remainder modulo 65535. */
  @ParameterizedTest
  @CsvSource({
    "0x1234, true",
    "0xffff1234, true",
    "0x00011233, true",
    "0x12340000, true",
    "0x1235, false",
    "0x0, false",
  })
  void foldsAsFarAsItTakes(String stored, boolean matches) {
    kernel.ram.zeros(0x400000, 4096).put16(0x400000, 0x1234);

    assertThat(test(Long.decode(stored).intValue(), 0x400000).data().checksumMatches())
        .isEqualTo(matches);
  }

  @ParameterizedTest
  @CsvSource({"0x0", "0xffff", "0xffff0000", "0xffffffff"})
  void zeroAndItsOtherFormAreTheSame(String stored) {
    kernel.ram.zeros(0x400000, 4096);
    assertThat(test(Long.decode(stored).intValue(), 0x400000).data().checksumMatches()).isTrue();
  }

  @Test
  void carriesWrapAround() {
    kernel.ram.zeros(0x400000, 4096);
    for (int i = 0; i < 512; i++) {
      kernel.ram.put64(0x400000 + 8L * i, -1L);
    }
    kernel.ram.put64(0x400000, -2L);

    // Every 64-bit word is 0 modulo 65535, but the first, which is one less.
    assertThat(test(0xfffe, 0x400000).data().checksumMatches()).isTrue();
  }

  @Test
  void namesAFolioThatIsAbsent() {
    assertThat(sentenceOf(() -> test(0, 0x7f000000).data()))
        .isEqualTo("/kho_test/data/folio 0 at 0x7f000000: 0x7f000000 is absent");
  }

  @Test
  void namesAnOrderBeyondMemory() {
    assertThat(sentenceOf(() -> test(0, 0x400029).data()))
        .isEqualTo("/kho_test/data/folio 0 at 0x202000: order is 41, beyond 40");
  }

  @Test
  void namesFoliosThatAreLargerThanAllMemory() {
    kernel.ram.zeros(0x400000, 4096);

    assertThat(sentenceOf(() -> test(0, 0x400000, 0x400000 + 20).data()))
        .isEqualTo(
            "/kho_test/data/folio 1 at 0x202008: the folios are larger than the memory of the"
                + " source");
  }

  @Test
  void namesACountThatTheListHasNoRoomFor() {
    assertThat(sentenceOf(() -> read(root().child(data(513, 0)))))
        .isEqualTo("/kho_test/data at 0x200000: nr_folios is 513, but the array has room for 512");
  }

  @Test
  void namesAnotherMagic() {
    assertThat(sentenceOf(() -> read(Tree.compatible("kho-test-v1").u32("magic", 0x4b484f22))))
        .isEqualTo("/kho_test at 0x200000: magic is 0x4b484f22, not 0x4b484f21");
  }

  @Test
  void namesAnotherCompatibleString() {
    assertThat(sentenceOf(() -> read(Tree.compatible("kho-test-v2"))))
        .isEqualTo("/kho_test at 0x200000: compatible is [kho-test-v2], not \"kho-test-v1\"");
  }

  @Test
  void namesWhatIsMissing() {
    assertThat(sentenceOf(() -> read(root())))
        .isEqualTo("/kho_test at 0x200000: the node data is missing");
    assertThat(sentenceOf(() -> new KhoTestTest().read(root().child(data(1, 0).without("csum")))))
        .isEqualTo("/kho_test/data at 0x200000: the property csum is missing");
    Tree shortDescriptor = data(1, 0).bytes("folios_info", new byte[15]);
    assertThat(sentenceOf(() -> new KhoTestTest().read(root().child(shortDescriptor))))
        .isEqualTo("/kho_test/data at 0x200000: the property folios_info has 15 bytes, not 16");
  }
}
