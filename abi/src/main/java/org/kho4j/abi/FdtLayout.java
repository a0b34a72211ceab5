package org.kho4j.abi;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A device tree of the contract, with its nodes and properties. Values are native-endian unless a
 * property says otherwise; only the container (header, tags, lengths) is big-endian, as in every
 * FDT.
 *
 * @param name name of the tree here
 * @param compatible the root's {@code compatible} string, or its replacement
 * @param properties every property, in the order that a kernel writes them
 * @param releases the kernel releases that write it
 * @param lifetime place of its memory, and by whom and when it is freed
 * @param source kernel source that writes it
 * @param meaning purpose of the tree
 */
public record FdtLayout(
    String name,
    String compatible,
    List<Property> properties,
    Releases releases,
    Lifetime lifetime,
    String source,
    String meaning) {

  /**
   * A property.
   *
   * @param node path of its node; a part in angle brackets matches any name
   * @param field its name, type, size (a terminating NUL included), target and meaning
   * @param value the only value that it may have; null where it varies
   * @param bigEndian whether its numbers are ordinary FDT cells
   */
  public record Property(String node, Field field, @Nullable String value, boolean bigEndian) {}

  private static Property property(String node, Field field) {
    return new Property(node, field, null, false);
  }

  private static Property compatible(String node, String value, String meaning) {
    Field field = Field.chars(0, value.length() + 1, "compatible", meaning);
    return new Property(node, field, value, false);
  }

  private static Property cells(String name, String meaning) {
    return new Property("/chosen", Field.words(0, 16, name, meaning), null, true);
  }

  /** {@code compatible} of a reservation's node in {@link #MEMBLOCK}. */
  public static final String RESERVE_MEM_COMPATIBLE = "reserve-mem-v1";

  /** The address of a reservation of {@link #MEMBLOCK}. */
  public static final Field RESERVE_MEM_START =
      Field.phys(0, "start", null, "first byte of the reservation; a raw number, not FDT cells");

  public static final Field RESERVE_MEM_SIZE =
      Field.u64(0, "size", "bytes; a raw number, not FDT cells");

  public static final Field KHO_TEST_MAGIC = Field.u32(0, "magic", "marks the test's data");

  /** The number in {@link #KHO_TEST_MAGIC}. */
  public static final int KHO_TEST_MAGIC_NUMBER = 0x4b484f21;

  public static final Field KHO_TEST_NR_FOLIOS = Field.u32(0, "nr_folios", "folios of test data");

  /** The descriptor in {@link #KHO_TEST}. */
  public static final Field KHO_TEST_FOLIOS_INFO =
      Field.embedded(
          0,
          "folios_info",
          KhoVmalloc.STRUCTURE,
          "area that holds one u64 per folio: its physical address, with its order in the low bits, below"
              + " PAGE_SIZE");

  public static final Field KHO_TEST_CSUM =
      Field.u32(
          0,
          "csum",
          "the kernel's csum_partial chained over the folios in order, starting at 0; x86-64 and arm64 fold it"
              + " differently, so compare modulo 65535");

  /** Name of the subtree that {@link #MEMBLOCK} is the blob of. */
  public static final String MEMBLOCK_SUBTREE = "memblock";

  /** Name of the subtree that {@link #KHO_TEST} is the blob of. */
  public static final String KHO_TEST_SUBTREE = "kho_test";

  /** The blob of subtree {@code memblock}. */
  public static final FdtLayout MEMBLOCK =
      new FdtLayout(
          MEMBLOCK_SUBTREE,
          "memblock-v1",
          List.of(
              compatible("/", "memblock-v1", "layout of the blob"),
              compatible("/<name>", RESERVE_MEM_COMPATIBLE, "layout of the node"),
              property("/<name>", RESERVE_MEM_START),
              property("/<name>", RESERVE_MEM_SIZE)),
          Releases.since("6.16"),
          Lifetime.block(
              0,
              "at boot; up to 6.18 at finalize",
              "by nobody: no kernel up to 7.3 frees an incoming one"),
          "mm/memblock.c",
          "One node for each reserve_mem= of the command line; the user chooses its name. The"
              + " next kernel gives the memory to a reserve_mem= with the same name, the same"
              + " size and an alignment that the address satisfies. The map has the memory, so it"
              + " stays reserved even if no reserve_mem= asks for it.");

  /** The blob of subtree {@code kho_test}, the kernel's own test module. */
  public static final FdtLayout KHO_TEST =
      new FdtLayout(
          KHO_TEST_SUBTREE,
          "kho-test-v1",
          List.of(
              compatible("/", "kho-test-v1", "layout of the blob"),
              new Property(
                  "/", KHO_TEST_MAGIC, "0x" + Integer.toHexString(KHO_TEST_MAGIC_NUMBER), false),
              property("/data", KHO_TEST_NR_FOLIOS),
              property("/data", KHO_TEST_FOLIOS_INFO),
              property("/data", KHO_TEST_CSUM)),
          Releases.since("6.18"),
          Lifetime.block(-1, "when the module is loaded", "not recorded here"),
          "lib/test_kho.c",
          "Random data that the next kernel checks. 6.16 and 6.17 had the address array in the"
              + " tree; kho4j does not have that layout. The blob has its own block, of order 1"
              + " in the captures with 4K and 16K pages.");

  private static final Lifetime LUO_TREE =
      Lifetime.block(
          0,
          "a skeleton without sessions at boot; complete in the reboot system call",
          "not recorded here");

  private static final List<Property> LUO_V1_BASE =
      List.of(
          compatible("/", "luo-v1", "layout of the blob"),
          property("/", LuoTree.LIVEUPDATE_NUMBER),
          compatible(
              "/" + LuoTree.SESSION_NODE,
              LuoTree.SESSION_V2,
              "luo-session-v1, with entries of 64 bytes that had no file set, was in patches only, though comments up to"
                  + " 7.1 name it"),
          property("/" + LuoTree.SESSION_NODE, LuoTree.SESSION_HEADER));

  /** The blob of subtree {@code LUO} in luo-v1 as 6.19 writes it. */
  public static final FdtLayout LUO_V1_WITHOUT_FLB =
      new FdtLayout(
          "LUO",
          "luo-v1",
          LUO_V1_BASE,
          Releases.of("6.19", "6.19"),
          LUO_TREE,
          "kernel/liveupdate/luo_core.c",
          "State of the Live Update Orchestrator. A 7.0 or 7.1 kernel panics on it, because the"
              + " node luo-flb is missing.");

  /** The blob of subtree {@code LUO} in luo-v1 as 7.0 and 7.1 write it. */
  public static final FdtLayout LUO_V1 =
      new FdtLayout(
          "LUO",
          "luo-v1",
          Stream.concat(
                  LUO_V1_BASE.stream(),
                  Stream.of(
                      compatible("/" + LuoTree.FLB_NODE, LuoTree.FLB_V1, "layout of the FLB page"),
                      property("/" + LuoTree.FLB_NODE, LuoTree.FLB_HEADER)))
              .toList(),
          Releases.of("7.0", "7.1"),
          LUO_TREE,
          "kernel/liveupdate/luo_core.c",
          "State of the Live Update Orchestrator.");

  /** The blob of subtree {@code LUO} in luo-v2. */
  public static final FdtLayout LUO_V2 =
      new FdtLayout(
          "LUO",
          "luo-v2",
          List.of(
              compatible("/", "luo-v2", "layout of the blob"), property("/", LuoTree.ABI_HEADER)),
          Releases.NEVER,
          LUO_TREE,
          "kernel/liveupdate/luo_core.c between v7.1 and v7.2-rc1",
          "State of the Live Update Orchestrator.");

  /** The boot record of arm64. */
  public static final FdtLayout CHOSEN =
      new FdtLayout(
          "chosen",
          "the machine's own device tree",
          List.of(
              cells(
                  "linux,kho-fdt",
                  "address and size of the root FDT, by the root's #address-cells and #size-cells (normally two each); the"
                      + " size is the writer's PAGE_SIZE"),
              cells(
                  "linux,kho-scratch",
                  "address and size of the copy of the scratch array; 16 bytes per region")),
          Releases.since("6.16"),
          Lifetime.boot("when kexec_file_load loads the next kernel", "with the device tree"),
          "drivers/of/kexec.c, drivers/of/fdt.c",
          "The boot record of arm64, with the addresses of the root FDT and of the scratch array."
              + " Each property must have exactly one pair, otherwise KHO is off without a"
              + " message. The numbers are big-endian cells, and no other numbers of the contract"
              + " are. (6.16: unverified.)");

  /**
   * Returns the root FDT of a version: one page at most, itself preserved as a block of order 0.
   */
  public static FdtLayout root(KhoVersion version) {
    var properties = new ArrayList<Property>();
    properties.add(compatible("/", version.compatible(), "version of the whole contract"));
    properties.add(property("/", version.mapPointer()));
    if (version.sizeProperty() != null) {
      properties.add(property("/<subtree>", version.sizeProperty()));
    }
    properties.add(property("/<subtree>", version.addressProperty()));
    return new FdtLayout(
        "root",
        version.compatible(),
        properties,
        version.releases(),
        Lifetime.block(
            0,
            version.finalized()
                ? "at finalize; since 6.19 at boot, and the map's address at finalize"
                : "at boot, growing with every subtree",
            "never: it stays intact in the next kernel"),
        "include/linux/kho/abi/kexec_handover.h",
        "The root FDT points to the map and has a node for every subtree. It has at most one"
            + " page. A reader must not rely on the order of subtrees. In captures of 7.3.4, a"
            + " node's properties have the order given here.");
  }

  public FdtLayout {
    properties = List.copyOf(properties);
  }
}
