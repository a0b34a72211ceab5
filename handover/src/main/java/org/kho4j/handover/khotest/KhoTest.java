package org.kho4j.handover.khotest;

import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.Client;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/**
 * The data of the kernel's own test module: random data in folios of random order, and their
 * checksum.
 */
public final class KhoTest {

  public static final Client<KhoTest> CLIENT =
      new Client<>(FdtLayout.KHO_TEST_SUBTREE, KhoTest::new);

  private static final int STRETCH_BYTES = 1 << 20;

  private final HandoverMemory memory;
  private final Where where;
  private final long address;
  private final long folios;
  private final PreservedArea foliosInfo;
  private final long checksum;

  /**
   * The values of the blob's device tree.
   *
   * @param folios number of folios of test data
   * @param foliosInfo descriptor of the area that lists the folios
   * @param checksum of the test data
   */
  public record Tree(long folios, Descriptor foliosInfo, long checksum) {

    /**
     * Reads the values.
     *
     * @param tree whose compatible string was checked
     * @throws org.kho4j.handover.wire.HandoverException if the magic number is another, or a value
     *     is missing
     */
    public static Tree read(FdtNode tree, Subtree subtree) {
      Where where = subtree.where();
      long address = subtree.address();
      long magic = TreeValue.number(tree, FdtLayout.KHO_TEST_MAGIC, where, address);
      if (magic != FdtLayout.KHO_TEST_MAGIC_NUMBER) {
        throw where.broken(
            address, "magic is 0x%x, not 0x%x".formatted(magic, FdtLayout.KHO_TEST_MAGIC_NUMBER));
      }
      FdtNode data =
          tree.child("data").orElseThrow(() -> where.broken(address, "the node data is missing"));
      Where place = where.in("data");
      return new Tree(
          TreeValue.number(data, FdtLayout.KHO_TEST_NR_FOLIOS, place, address),
          Descriptor.of(TreeValue.embedded(data, FdtLayout.KHO_TEST_FOLIOS_INFO, place, address)),
          TreeValue.number(data, FdtLayout.KHO_TEST_CSUM, place, address));
    }
  }

  private KhoTest(Handover handover, Subtree subtree) {
    handover.requireKnownVersion();
    this.memory = handover.memory();
    this.where = subtree.where();
    this.address = subtree.address();
    Tree tree = Tree.read(handover.tree(subtree, FdtLayout.KHO_TEST), subtree);
    Where place = where.in("data");
    this.folios = tree.folios;
    this.checksum = tree.checksum;
    this.foliosInfo = PreservedArea.of(memory, place.in("folios_info"), tree.foliosInfo);
    if (folios * Long.BYTES > foliosInfo.bytes()) {
      throw place.broken(
          address,
          "nr_folios is %d, but %s"
              .formatted(folios, foliosInfo.descriptor().room(memory.pageSize(), Long.BYTES)));
    }
  }

  /** Returns the physical address of the blob. */
  public long address() {
    return address;
  }

  /** Returns the number of folios of test data. */
  public long folios() {
    return folios;
  }

  /** Returns the area that lists the folios. */
  public PreservedArea foliosInfo() {
    return foliosInfo;
  }

  /** Returns the stored checksum. */
  public long checksum() {
    return checksum;
  }

  /** Visits the folios of the test data. */
  @FunctionalInterface
  public interface FolioVisitor {
    /**
     * Takes one folio.
     *
     * @param address physical address of its first byte
     * @param order it has 2^order pages
     */
    void folio(long address, int order);
  }

  /**
   * Visits the folios in order.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the list is broken, or describes more
   *     memory than there is
   */
  public void forEachFolio(FolioVisitor visitor) {
    forEachEntry((at, address, order) -> visitor.folio(address, order));
  }

  /** Visits the entries of the list: their own physical address, and their folio. */
  private interface EntryVisitor {
    void entry(long at, long address, int order);
  }

  private void forEachEntry(EntryVisitor visitor) {
    PageSize pageSize = memory.pageSize();
    long mask = pageSize.bytes() - 1L;
    long[] bytes = new long[1];
    foliosInfo.forEachContent(
        folios * Long.BYTES,
        (content, offset, physicalAddress) -> {
          for (long at = 0; at < content.byteSize(); at += Long.BYTES) {
            long entry = content.get(StructureView.U64, at);
            Where place = folio((offset + at) / Long.BYTES);
            long order = entry & mask;
            if (order > KhoRadix.maxOrder(pageSize)) {
              throw place.broken(
                  physicalAddress + at,
                  "order is %d, beyond %d".formatted(order, KhoRadix.maxOrder(pageSize)));
            }
            bytes[0] += pageSize.blockBytes((int) order);
            if (bytes[0] > memory.ramBytes()) {
              throw place.broken(
                  physicalAddress + at, "the folios are larger than the memory of the source");
            }
            visitor.entry(physicalAddress + at, entry & ~mask, (int) order);
          }
        });
  }

  private Where folio(long number) {
    return where.in("data").in("folio", number);
  }

  /**
   * Reads all data, and compares its checksum with the stored one.
   *
   * @throws org.kho4j.handover.wire.HandoverException if a folio cannot be read
   */
  public Data data() {
    OnesComplementSum sum = new OnesComplementSum();
    long[] bytes = new long[1];
    long[] number = new long[1];
    forEachEntry((entry, folio, order) -> {
      Where place = folio(number[0]++);
      if (folio == 0) {
        throw place.broken(entry, "its entry is 0: there is no folio");
      }
      long size = memory.pageSize().blockBytes(order);
      for (long at = 0; at < size; at += STRETCH_BYTES) {
        sum.add(memory.bytes(place, folio + at, Math.min(STRETCH_BYTES, size - at)));
      }
      bytes[0] += size;
    });
    return new Data(bytes[0], sum.isCongruentTo(checksum));
  }

  /**
   * The size of the test data, and the result of the checksum comparison.
   *
   * @param bytes in all folios
   * @param checksumMatches whether their sum is the stored one
   */
  public record Data(long bytes, boolean checksumMatches) {}
}
