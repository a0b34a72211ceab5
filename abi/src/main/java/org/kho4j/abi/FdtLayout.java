package org.kho4j.abi;

import java.util.List;

/**
 * A device tree of the contract: which nodes and properties it has. Values are native-endian unless
 * a property says otherwise; only the container (header, tags, lengths) is big-endian, as in every
 * FDT.
 *
 * @param name what the tree is called here
 * @param compatible the root's {@code compatible} string, or what stands for it
 * @param properties every property, in the order that a kernel writes them
 * @param releases the kernel releases that write it
 * @param source where the kernel writes it
 * @param meaning what it is for
 */
public record FdtLayout(
    String name,
    String compatible,
    List<Property> properties,
    Releases releases,
    String source,
    String meaning) {

  /**
   * A property.
   *
   * @param node path of its node; a part in angle brackets stands for any name
   * @param name the property's name
   * @param type what the bytes are
   * @param size bytes, a terminating NUL included
   * @param meaning what it says
   */
  public record Property(String node, String name, Field.Type type, int size, String meaning) {}

  private static Property string(String node, String value, String meaning) {
    return new Property(
        node, "compatible", Field.Type.CHARS, value.length() + 1, "\"" + value + "\"" + meaning);
  }

  private static Property u64(String node, String name, String meaning) {
    return new Property(node, name, Field.Type.U64, 8, meaning);
  }

  private static Property phys(String node, String name, String meaning) {
    return new Property(node, name, Field.Type.PHYS, 8, meaning);
  }

  /** The blob of subtree {@code memblock}. */
  public static final FdtLayout MEMBLOCK =
      new FdtLayout(
          "memblock",
          "memblock-v1",
          List.of(
              string("/", "memblock-v1", ""),
              string("/<name>", "reserve-mem-v1", ""),
              phys("/<name>", "start", "first byte; raw native-endian number, not FDT cells"),
              u64("/<name>", "size", "bytes; raw native-endian number")),
          Releases.since("6.16"),
          "mm/memblock.c",
          "One node per reserve_mem= of the command line, at most 8, named by the user in at most 15 characters. The next"
              + " kernel gives the memory back to a reserve_mem= of the same name and size.");

  /** The blob of subtree {@code kho_test}, the kernel's own test module. */
  public static final FdtLayout KHO_TEST =
      new FdtLayout(
          "kho_test",
          "kho-test-v1",
          List.of(
              string("/", "kho-test-v1", ""),
              new Property("/", "magic", Field.Type.U32, 4, "0x4b484f21"),
              new Property("/data", "nr_folios", Field.Type.U32, 4, "folios of test data"),
              new Property(
                  "/data",
                  "folios_info",
                  Field.Type.STRUCTURE,
                  16,
                  "kho_vmalloc descriptor of an array of u64, one per folio: its physical address with its order in the low"
                      + " bits, below PAGE_SIZE"),
              new Property(
                  "/data",
                  "csum",
                  Field.Type.U32,
                  4,
                  "the kernel's csum_partial chained over the folios in order, starting at 0; folded differently on x86-64"
                      + " and arm64, so compare modulo 65535")),
          Releases.since("6.18"),
          "lib/test_kho.c",
          "Random data that the next kernel checks. 6.16 and 6.17 kept the address array in the tree itself.");

  /** The blob of subtree {@code LUO} in luo-v1. */
  public static final FdtLayout LUO_V1 =
      new FdtLayout(
          "LUO",
          "luo-v1",
          List.of(
              string("/", "luo-v1", ""),
              u64(
                  "/",
                  "liveupdate-number",
                  "number of this live update: 1 for the first after a cold boot"),
              string(
                  "/luo-session",
                  "luo-session-v2",
                  "; luo-session-v1 (entries of 64 bytes without files) was in patches only, though comments up to 7.1 name"
                      + " it"),
              phys("/luo-session", "luo-session-header", "luo_session_header_ser"),
              string("/luo-flb", "luo-flb-v1", "; node absent in 6.19, required in 7.0 and 7.1"),
              phys("/luo-flb", "luo-flb-header", "luo_flb_header_ser")),
          Releases.of("6.19", "7.1"),
          "kernel/liveupdate/luo_core.c",
          "State of the Live Update Orchestrator.");

  /** The blob of subtree {@code LUO} in luo-v2. */
  public static final FdtLayout LUO_V2 =
      new FdtLayout(
          "LUO",
          "luo-v2",
          List.of(string("/", "luo-v2", ""), phys("/", "luo-abi-header", "luo_abi_header")),
          Releases.NEVER,
          "kernel/liveupdate/luo_core.c between v7.1 and v7.2-rc1",
          "State of the Live Update Orchestrator.");

  /** The boot record of arm64. */
  public static final FdtLayout CHOSEN =
      new FdtLayout(
          "chosen",
          "the machine's own device tree",
          List.of(
              new Property(
                  "/chosen",
                  "linux,kho-fdt",
                  Field.Type.U64,
                  16,
                  "address and size of the root FDT as ordinary big-endian cells, by the root's #address-cells and"
                      + " #size-cells; the size is the writer's PAGE_SIZE"),
              new Property(
                  "/chosen",
                  "linux,kho-scratch",
                  Field.Type.U64,
                  16,
                  "address and size of the scratch array, big-endian cells; 16 bytes per region")),
          Releases.since("6.16"),
          "drivers/of/kexec.c, drivers/of/fdt.c",
          "How the next kernel learns the two addresses on arm64. Each property must hold exactly one pair, or KHO is"
              + " silently off.");

  /** The device trees of the contract other than the root FDT, which {@link #root} gives. */
  public static final List<FdtLayout> ALL = List.of(MEMBLOCK, KHO_TEST, LUO_V1, LUO_V2, CHOSEN);

  /** {@code compatible} of a reservation's node in {@link #MEMBLOCK}. */
  public static final String RESERVE_MEM_COMPATIBLE = "reserve-mem-v1";

  /** {@code magic} of {@link #KHO_TEST}. */
  public static final int KHO_TEST_MAGIC = 0x4b484f21;

  /** The root FDT of a version: one page at most, itself preserved as a block of order 0. */
  public static FdtLayout root(KhoVersion version) {
    var properties = new java.util.ArrayList<Property>();
    properties.add(string("/", version.compatible(), ""));
    properties.add(
        phys(
            "/",
            KhoVersion.MAP_PROPERTY,
            version.map() == KhoVersion.MapForm.BITMAP_LIST
                ? "first khoser_mem_chunk; 0 until finalized"
                : "root kho_radix_node; never 0"));
    properties.add(phys("/<subtree>", version.addressProperty(), "the subtree's blob"));
    if (version.sizeProperty() != null) {
      properties.add(
          u64("/<subtree>", version.sizeProperty(), "bytes of the blob when it was registered"));
    }
    return new FdtLayout(
        "root",
        version.compatible(),
        List.copyOf(properties),
        version.releases(),
        "include/linux/kho/abi/kexec_handover.h",
        "The root FDT names every subtree and points at the map. In no order that a reader could rely on.");
  }
}
