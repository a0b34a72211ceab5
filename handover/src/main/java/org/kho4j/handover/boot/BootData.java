package org.kho4j.handover.boot;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.SetupData;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;

/**
 * The data of the boot record: address and size of the root FDT and of the scratch array.
 *
 * @param fdtAddress physical address of the root FDT
 * @param fdtSize page size of the generation that wrote it
 * @param scratchAddress physical address of the scratch array
 * @param scratchSize its bytes: 16 per region
 */
public record BootData(long fdtAddress, long fdtSize, long scratchAddress, long scratchSize) {

  /** Bytes of x86-64's boot record. */
  public static final int SETUP_DATA_BYTES = SetupData.STRUCTURE.headerSize();

  private static final int HEAD_BYTES = SetupData.FDT_ADDR.offset();

  /** Bytes of x86-64's boot record behind its head. */
  public static final int CONTENT_BYTES = SETUP_DATA_BYTES - HEAD_BYTES;

  /** Type and length of x86-64's boot record, as one little-endian number of 8 bytes. */
  public static final long SIGN =
      SetupData.TYPE_KEXEC_KHO | (long) (SETUP_DATA_BYTES - HEAD_BYTES) << Integer.SIZE;

  /** Bytes from the start of the boot record to {@link #SIGN}. */
  public static final int SIGN_AT = SetupData.TYPE.offset();

  private static final KhoserPointer NEXT =
      KhoserPointer.declare(SetupData.NEXT, SetupData.STRUCTURE);
  private static final KhoserPointer SCRATCH =
      KhoserPointer.declare(SetupData.SCRATCH_ADDR, KhoScratch.STRUCTURE);

  /** Boot parameters have a handful of records; a longer list is a loop. */
  private static final int MAX_RECORDS = 1024;

  /** Returns the page size of the generation that handed over. */
  public PageSize pageSize() {
    return PageSize.ofBytes(fdtSize)
        .orElseThrow(() ->
            new HandoverException(
                "/boot-record",
                fdtAddress,
                "the FDT's size is %d, which is no page size".formatted(fdtSize)));
  }

  /** Regions in the scratch array. A remainder is ignored, as a kernel does. */
  public long regions() {
    return scratchSize / KhoScratch.STRUCTURE.headerSize();
  }

  /**
   * Reads x86-64's boot record: the first of type 10 in a list of setup_data.
   *
   * @param address physical address of the list's first record
   * @throws HandoverException if there is no such record, or it is too short
   */
  public static BootData ofSetupData(PhysicalMemory memory, long address) {
    return ofSetupData(memory, address, 0);
  }

  /**
   * Reads x86-64's boot record out of a list that kexec has not copied yet.
   *
   * @param address physical address that the list's first record will have
   * @param distance from that address to the list's present address
   * @throws HandoverException if there is no such record, or it is too short
   */
  public static BootData ofSetupData(PhysicalMemory memory, long address, long distance) {
    HandoverMemory pages = new HandoverMemory(memory, PageSize.SIZE_4K);
    Where where = Where.ROOT.in("boot-record");
    long at = address + distance;
    for (int i = 0; at != distance && i < MAX_RECORDS; i++) {
      // Only the head of another record may be present.
      StructureView head =
          new StructureView(SetupData.STRUCTURE, at, pages.bytes(where, at, HEAD_BYTES));
      if (head.get(SetupData.TYPE) == SetupData.TYPE_KEXEC_KHO) {
        long length = head.get(SetupData.LEN);
        if (length < SETUP_DATA_BYTES - HEAD_BYTES) {
          throw where.broken(
              at, "len is %d, not %d".formatted(length, SETUP_DATA_BYTES - HEAD_BYTES));
        }
        return of(pages.view(where, at, SetupData.STRUCTURE));
      }
      at = NEXT.address(head) + distance;
    }
    throw where.broken(
        address + distance,
        "no setup_data of type %d in the list".formatted(SetupData.TYPE_KEXEC_KHO));
  }

  /**
   * Reads the content of x86-64's boot record, without its head, as sysfs shows it.
   *
   * @param content {@link #CONTENT_BYTES} bytes
   */
  public static BootData ofContent(MemorySegment content) {
    MemorySegment record = MemorySegment.ofArray(new byte[SETUP_DATA_BYTES]);
    MemorySegment.copy(content, 0, record, HEAD_BYTES, CONTENT_BYTES);
    return of(new StructureView(SetupData.STRUCTURE, 0, record));
  }

  private static BootData of(StructureView setup) {
    return new BootData(
        setup.address(SetupData.FDT_ADDR),
        setup.get(SetupData.FDT_SIZE),
        SCRATCH.address(setup),
        setup.get(SetupData.SCRATCH_SIZE));
  }

  /**
   * Writes x86-64's boot record at a physical address: one setup_data that ends the list. The
   * memory there is overwritten, whatever it holds: choose a place that the next generation may
   * overwrite, in a scratch region and outside of the scratch array.
   *
   * @param address above 0, which stands for an empty list
   */
  public void writeSetupData(WritableMemory memory, long address) {
    writeTo(
        new StructureView(
            SetupData.STRUCTURE, address, memory.writable(address, SETUP_DATA_BYTES)));
  }

  /** Writes x86-64's boot record through a view of {@link SetupData#STRUCTURE}. */
  public void writeTo(StructureView setup) {
    NEXT.store(setup, null);
    setup.set(SetupData.TYPE, SetupData.TYPE_KEXEC_KHO);
    setup.set(SetupData.LEN, SETUP_DATA_BYTES - HEAD_BYTES);
    setup.setAddress(SetupData.FDT_ADDR, fdtAddress);
    setup.set(SetupData.FDT_SIZE, fdtSize);
    SCRATCH.store(setup, scratchAddress);
    setup.set(SetupData.SCRATCH_SIZE, scratchSize);
  }
}
