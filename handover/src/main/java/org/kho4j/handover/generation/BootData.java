package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.SetupData;
import org.kho4j.handover.Wire;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;

/**
 * What the next generation is told: where the root FDT and the scratch array are.
 *
 * @param fdtAddress physical address of the root FDT
 * @param fdtSize page size of the generation that wrote it
 * @param scratchAddress physical address of the scratch array
 * @param scratchSize its bytes: 16 per region
 */
public record BootData(long fdtAddress, long fdtSize, long scratchAddress, long scratchSize) {

  /** Boot parameters have a handful of records; a longer list is a loop. */
  private static final int MAX_RECORDS = 1024;

  /** The page size of the generation that handed over. */
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
    HandoverMemory pages = new HandoverMemory(memory, PageSize.SIZE_4K);
    Where where = Where.ROOT.in("boot-record");
    long at = address;
    for (int i = 0; at != 0 && i < MAX_RECORDS; i++) {
      MemorySegment head = pages.bytes(where, at, SetupData.FDT_ADDR.offset());
      if (Wire.u32(head, SetupData.TYPE) == SetupData.TYPE_KEXEC_KHO) {
        long length = Wire.u32(head, SetupData.LEN);
        long needed = SetupData.STRUCTURE.headerSize() - (long) SetupData.FDT_ADDR.offset();
        if (length < needed) {
          throw where.broken(at, "len is %d, not %d".formatted(length, needed));
        }
        MemorySegment setup = pages.structure(where, at, SetupData.STRUCTURE);
        return new BootData(
            Wire.u64(setup, SetupData.FDT_ADDR),
            Wire.u64(setup, SetupData.FDT_SIZE),
            Wire.u64(setup, SetupData.SCRATCH_ADDR),
            Wire.u64(setup, SetupData.SCRATCH_SIZE));
      }
      at = Wire.u64(head, SetupData.NEXT);
    }
    throw where.broken(
        address, "no setup_data of type %d in the list".formatted(SetupData.TYPE_KEXEC_KHO));
  }

  /** Writes x86-64's boot record: one setup_data that ends the list. */
  public void writeSetupData(MemorySegment target) {
    Wire.putU64(target, SetupData.NEXT, 0);
    Wire.putU32(target, SetupData.TYPE, SetupData.TYPE_KEXEC_KHO);
    Wire.putU32(
        target,
        SetupData.LEN,
        SetupData.STRUCTURE.headerSize() - (long) SetupData.FDT_ADDR.offset());
    Wire.putU64(target, SetupData.FDT_ADDR, fdtAddress);
    Wire.putU64(target, SetupData.FDT_SIZE, fdtSize);
    Wire.putU64(target, SetupData.SCRATCH_ADDR, scratchAddress);
    Wire.putU64(target, SetupData.SCRATCH_SIZE, scratchSize);
  }
}
