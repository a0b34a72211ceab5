package org.kho4j.handover.root;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.handmade.SparseMemory;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.DamagedMemoryException;
import org.kho4j.memory.ForwardingMemory;
import org.kho4j.memory.PhysicalMemory;

class RootSearchTest {

  private final SparseMemory ram = new SparseMemory();

  private static byte[] root(String compatible) {
    return Tree.compatible(compatible).u64("preserved-memory-map", 0x5000).blob();
  }

  private RootSearch search() {
    return search(ram);
  }

  private static RootSearch search(PhysicalMemory memory) {
    return RootSearch.search(memory, bytes -> {});
  }

  private static List<String> rejected(RootSearch search) {
    return search.rejected().stream().map(HandoverException::getMessage).toList();
  }

  @Test
  void findsRootsByAscendingAddress() {
    ram.put(0x7000, root("kho-v4")).put(0x3000, root("kho-v3")).zeros(0, 0x10000);

    RootSearch search = search();
    assertThat(search.roots()).extracting(RootFdt::address).containsExactly(0x3000L, 0x7000L);
    assertThat(search.roots()).extracting(RootFdt::compatible).containsExactly("kho-v3", "kho-v4");
    assertThat(search.roots().getFirst().totalSize()).isEqualTo(root("kho-v3").length);
    assertThat(search.rejected()).isEmpty();
  }

  @Test
  void findsNothingWhereThereIsNothing() {
    assertThat(search().roots()).isEmpty();
    assertThat(search(ram.zeros(0, 1 << 20)).roots()).isEmpty();
  }

  @Test
  void findsRootsOfVersionsThatNobodyKnows() {
    ram.put(0x3000, root("kho-v9;radix-v1"));

    assertThat(search().roots().getFirst().compatible()).isEqualTo("kho-v9;radix-v1");
  }

  @Test
  void looksAtTheStartsOfPagesAlone() {
    ram.put(0x3000 + 1024, root("kho-v4"));

    assertThat(search().roots()).isEmpty();
  }

  /** Ranges of dumps start and end anywhere; pages are where they are all the same. */
  @Test
  void rangesNeedNotBePageAligned() {
    ram.zeros(0, 0x20000).put(0x3000, root("kho-v4")).put(0x10000, root("kho-v4"));

    assertThat(
            rootsIn(
                range(0x2f01, 0x1200),
                range(0x4101, 0xe00),
                range(0xff00, 0x5000),
                range(0x1fff0, 0x10)))
        .containsExactly(0x3000L, 0x10000L);
  }

  /** A range of a LiME file may end within a page, and a hole of a file may begin there. */
  @Test
  void aPageMayLieInTwoRanges() {
    ram.zeros(0, 0x20000).put(0x3000, root("kho-v4")).put(0x10000, root("kho-v4"));

    assertThat(
            rootsIn(
                range(0x2000, 0x1100),
                range(0x3100, 0x3f00),
                range(0x10000, 0x10),
                range(0x1ffff, 1)))
        .containsExactly(0x3000L, 0x10000L);
  }

  private static AddressRange range(long address, long length) {
    return new AddressRange(address, length);
  }

  /** Returns the addresses of the root FDTs of memory with these ranges. */
  private List<Long> rootsIn(AddressRange... ranges) {
    PhysicalMemory memory =
        new Changed(ram) {
          @Override
          public void forEachRange(RangeVisitor visitor) {
            for (AddressRange range : ranges) {
              visitor.range(range.address(), range.length());
            }
          }
        };
    return search(memory).roots().stream().map(RootFdt::address).toList();
  }

  @Test
  void ignoresOtherDeviceTrees() {
    ram.put(0x3000, Tree.compatible("linux,dummy-virt").blob());
    ram.put(0x4000, Tree.compatible("memblock-v1").blob());
    byte[] broken = Tree.compatible("linux,dummy-virt").blob();
    broken[20] = 99;
    ram.put(0x5000, broken);

    RootSearch search = search();
    assertThat(search.roots()).isEmpty();
    assertThat(search.rejected()).isEmpty();
  }

  @Test
  void aTreeThatOnlyMentionsAVersionIsIgnored() {
    ram.put(0x3000, Tree.compatible("notes").text("about", "kho-v4").blob());

    assertThat(search().roots()).isEmpty();
    assertThat(search().rejected()).isEmpty();
  }

  @Test
  void rejectsABrokenRootWithASentence() {
    byte[] broken = root("kho-v4");
    Arrays.fill(broken, 56, 60, (byte) 0x77);
    ram.put(0x3000, broken).put(0x5000, root("kho-v4"));

    RootSearch search = search();
    assertThat(search.roots()).extracting(RootFdt::address).containsExactly(0x5000L);
    assertThat(rejected(search)).singleElement().asString().startsWith("/ at 0x3038: ");
    assertThat(sentenceOf(() -> RootSearch.at(ram, 0x3000))).startsWith("/ at 0x3038: ");
  }

  @Test
  void rejectsARootLargerThanAnyPage() {
    byte[] huge = root("kho-v4");
    huge[5] = 1;
    ram.put(0x3000, huge);

    assertThat(rejected(search()))
        .containsExactly(
            ("/ at 0x3000: the root FDT's total size is %d bytes, but it has one page, of at most"
                    + " 65536 bytes")
                .formatted(0x10000 + root("kho-v4").length));
  }

  @Test
  void rejectsARootWhoseEndIsAbsent() {
    Tree large = Tree.compatible("kho-v4").bytes("padding", new byte[8000]);
    ram.put(0x3000, large.blob()).remove(0x4000, 0x1000);

    assertThat(rejected(search())).containsExactly("/ at 0x3000: 0x4000 is absent");
  }

  @Test
  void thousandsOfPagesWithTheMagicNumberHideNothing() {
    byte[] magic = {(byte) 0xd0, 0x0d, (byte) 0xfe, (byte) 0xed};
    for (int i = 0; i < 10_000; i++) {
      ram.put(0x100000 + 4096L * i, magic);
    }
    ram.put(0x100000 + 4096L * 9_000, root("kho-v4"));

    assertThat(search().roots())
        .extracting(RootFdt::address)
        .containsExactly(0x100000 + 4096L * 9_000);
    assertThat(search().rejected()).isEmpty();
  }

  @Test
  void saysSoWhenThereAreMoreThanItTakes() {
    for (int i = 0; i < 3000; i++) {
      ram.put(0x100000 + 4096L * i, root("kho-v4"));
    }

    RootSearch search = search();
    assertThat(search.roots()).hasSize(1024);
    assertThat(rejected(search))
        .singleElement()
        .asString()
        .endsWith("more than 1,024 pages look like a root FDT: there may be more after this one");
  }

  @Test
  void tellsHowFarItIs() {
    AtomicLong searched = new AtomicLong();
    RootSearch.search(ram.zeros(0, 40 << 20).zeros(1L << 32, 4096), searched::addAndGet);

    assertThat(searched).hasValue((40 << 20) + 4096);
  }

  @Test
  void searchesAroundPagesThatCannotBeRead() {
    ram.zeros(0, 0x10000).put(0x3000, root("kho-v4"));

    PhysicalMemory damaged =
        new Changed(ram) {
          @Override
          public MemorySegment read(long address, long length) {
            if (address < 0x3000 && address + length > 0x2000) {
              throw new DamagedMemoryException(0x2000, "0x2000 is damaged");
            }
            return super.read(address, length);
          }
        };
    assertThat(search(damaged).roots()).extracting(RootFdt::address).containsExactly(0x3000L);
  }

  /** What goes wrong in a thread of the search reaches who asked for it. */
  @Test
  void failuresReachTheCaller() {
    ram.zeros(0, 0x10000);

    assertThatIllegalStateException()
        .isThrownBy(() ->
            search(
                new Changed(ram) {
                  @Override
                  public MemorySegment read(long address, long length) {
                    throw new IllegalStateException("closed");
                  }
                }))
        .withMessage("closed");
    assertThatThrownBy(() ->
            search(
                new Changed(ram) {
                  @Override
                  public MemorySegment read(long address, long length) {
                    throw new InternalError("the file became shorter");
                  }
                }))
        .isInstanceOf(InternalError.class);
  }

  @Test
  void takesTheRootAtAnAddress() {
    ram.put(0x3010, root("kho-v4"));

    assertThat(RootSearch.at(ram, 0x3010).compatible()).isEqualTo("kho-v4");
  }

  @Test
  void namesAnAddressWithoutARoot() {
    ram.zeros(0x3000, 4096).put(0x5000, Tree.compatible("other").blob());

    assertThat(sentenceOf(() -> RootSearch.at(ram, 0x3000)))
        .isEqualTo("/ at 0x3000: there is no root FDT: no device tree with a string of \"kho-v…\"");
    assertThat(sentenceOf(() -> RootSearch.at(ram, 0x5000))).contains("there is no root FDT");
    assertThat(sentenceOf(() -> RootSearch.at(ram, 0x9000)))
        .isEqualTo("/ at 0x9000: 0x9000 is absent");
    assertThat(sentenceOf(() -> RootSearch.at(ram, -1)))
        .isEqualTo(
            "/ at 0xffffffffffffffff: 0xffffffffffffffff is not a physical address: it is beyond"
                + " 2^52");
  }

  /** Memory that does one thing differently. */
  private static class Changed implements ForwardingMemory {
    private final PhysicalMemory memory;

    Changed(PhysicalMemory memory) {
      this.memory = memory;
    }

    @Override
    public PhysicalMemory memory() {
      return memory;
    }
  }
}
