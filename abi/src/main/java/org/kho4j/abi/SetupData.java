package org.kho4j.abi;

/**
 * The boot record of x86-64: it gives the next kernel the addresses of the root FDT and of the
 * scratch array. arm64 passes them in its device tree instead, see {@link FdtLayout#CHOSEN}.
 */
public final class SetupData {

  public static final Field NEXT =
      Field.phys(
          0,
          "next",
          () -> SetupData.STRUCTURE,
          "next record of the boot parameters; 0 ends the list");
  public static final Field TYPE = Field.u32(8, "type", "10: SETUP_KEXEC_KHO");
  public static final Field LEN =
      Field.u32(12, "len", "32: bytes that follow; a kernel does not check it");
  public static final Field FDT_ADDR = Field.phys(16, "fdt_addr", null, "root FDT");
  public static final Field FDT_SIZE =
      Field.u64(24, "fdt_size", "PAGE_SIZE of the kernel that wrote the handover");
  public static final Field SCRATCH_ADDR =
      Field.phys(32, "scratch_addr", () -> KhoScratch.STRUCTURE, "copy of the scratch array");
  public static final Field SCRATCH_SIZE =
      Field.u64(40, "scratch_size", "bytes of the scratch array: 16 per region");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "setup_data",
          Releases.since("6.16"),
          Lifetime.boot("when kexec_file_load loads the next kernel", "with the boot parameters"),
          "arch/x86/include/uapi/asm/setup_data.h",
          "Record of type 10 in the list that begins at the boot parameter hdr.setup_data (offset"
              + " 0x250). The kernel links it only if the image has both the FDT and the scratch"
              + " segment. The KASLR stub uses the first such record, and keeps the kernel inside"
              + " the scratch regions.",
          NEXT,
          TYPE,
          LEN,
          FDT_ADDR,
          FDT_SIZE,
          SCRATCH_ADDR,
          SCRATCH_SIZE);

  public static final int TYPE_KEXEC_KHO = 10;

  private SetupData() {}
}
