package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.PageSize;
import org.kho4j.damage.Mutants.Mutant;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.PhysicalMemory;

/**
 * The changes of one field that lose nothing, each with its reason. A row is about fields of a
 * name, and its condition tells the changes that it is about from those that verify has to report.
 */
@SuppressWarnings("ImmutableEnumChecker") // no condition captures anything
enum Harmless {
  BOOT_CPU("no kernel reads the field", ".*\\.boot_cpuid_phys", one -> true),
  FDT_VERSION(
      "an FDT reader of version 17 accepts the value",
      ".*(FDT|tree)\\.(version|last_comp_version)",
      one -> true),
  FDT_SIZE(
      "a larger totalsize adds only zeros of the same page",
      ".*(FDT|tree)\\.totalsize",
      one -> one.after() > one.before() && one.after() <= PageSize.SIZE_64K.bytes()),
  BEHIND_TEXT("no kernel reads behind the NUL", ".*, behind its NUL", one -> true),
  BEHIND_STRUCTURE(
      "no kernel reads the rest of the structure's page", ".*_ser\\.behind it", one -> true),
  NAME(
      "a name that another handover may have",
      "(luo_session_ser|luo_flb_ser)\\.name(, its NUL)?|.*(FDT|tree)\\.(node's name|strings)",
      one -> true),
  RELEASE(
      "a release that another kernel may have",
      "kho_kexec_metadata\\.previous_release(, its NUL)?",
      one -> true),
  NUMBER(
      "a count or a token that another handover may have",
      "(luo_ser|luo_abi_header)\\.liveupdate_num|LUO's tree\\.property liveupdate-number"
          + "|kho_kexec_metadata\\.kexec_count|luo_file_ser\\.token",
      one -> true),
  POSITION("a position that another file may have", "memfd_luo_ser\\.pos", one -> one.after() >= 0),
  SIZE(
      "a size that another file of as many pages may have",
      "memfd_luo_ser\\.size",
      one -> pages(one, one.before()) == pages(one, one.after())),
  HOLE(
      "the file has a longer hole at its end",
      "memfd_luo_ser\\.size",
      one -> one.after() > one.before() && one.isBroken("MEMFD-017")),
  VERSION("a version that another kernel has", "root FDT\\.property compatible", one -> true),
  EMPTY_TABLE(
      "a table without a bit preserves nothing",
      "radix (node|root)\\.slot, unused",
      one -> one.isZeroPage()),
  SEALS(
      "seals that another file may have",
      "memfd_luo_ser\\.seals",
      one -> (one.after() & ~MemfdSer.SEALS_MASK) == 0),
  INDEX(
      "the file has a hole at another place",
      "memfd_luo_folio_ser\\.index",
      one -> one.isBroken("MEMFD-017")),
  FLAGS(
      "flags that another area may have",
      "kho_vmalloc\\.flags",
      one -> (one.after() & 1) == 1 && one.after() < 4),
  EMPTY_AREA(
      "no kernel reads the field in an area of no pages",
      "kho_vmalloc\\.(flags|order)",
      one -> one.isEmptyArea()),
  BLOB_SIZE(
      "no owner reads behind its blob's content",
      "root FDT\\.property blob-size",
      one -> one.after() > one.before() || one.mutant.place().kind().contains("LUO")),
  PADDING(
      "the zeros that pad a property belong to it",
      ".*(FDT|tree)\\.property's len",
      one -> one.after() > one.before() && one.after() <= (one.before() + 3 & -4)),
  UNKNOWN_FILE(
      "kho4j does not know the file's handler",
      "luo_file_ser\\.(data|compatible|compatible, its NUL)",
      one -> one.isBroken("LUO-010")),
  UNKNOWN_BLOB(
      "kho4j does not know the blob's owner",
      "root FDT\\.property (blob-size|preserved-data|fdt)",
      one -> one.isBroken("OWN-003")),
  UNKNOWN_DATA("the data are the FLB's own", "luo_flb_ser\\.data", one -> true),
  REFERENCES(
      "no structure records which files refer to an FLB, and there are at least as many files",
      "luo_flb_ser\\.count",
      one -> one.after() != 0 || one.isBroken("FLB-007")),
  UNKNOWN_OWNER(
      "only the amount of memory without a known owner changed",
      "(radix (leaf|node|root)|bitmap|khoser_mem_chunk)\\..*",
      one -> one.isBroken("OWN-002") || one.isBroken("OWN-004") || one.isBroken("MAP-008"));

  private final String reason;
  private final Pattern kinds;
  private final Predicate<Change> condition;

  Harmless(String reason, String kinds, Predicate<Change> condition) {
    this.reason = reason;
    this.kinds = Pattern.compile(kinds);
    this.condition = condition;
  }

  /**
   * A change of which verify reported nothing.
   *
   * @param memory with the change
   * @param broken findings by rule without the change
   */
  record Change(Mutant mutant, PhysicalMemory memory, PageSize pageSize, Map<String, Long> broken) {

    long before() {
      return mutant.before();
    }

    long after() {
      return mutant.after();
    }

    boolean isBroken(String rule) {
      return broken.containsKey(rule);
    }

    boolean isZeroPage() {
      MemorySegment page = memory.read(after(), pageSize.bytes());
      return page.mismatch(MemorySegment.ofArray(new byte[pageSize.bytes()])) < 0;
    }

    boolean isEmptyArea() {
      long descriptor =
          mutant.place().address() - (mutant.place().field().equals("order") ? 14 : 12);
      StructureView bytes =
          new StructureView(KhoVmalloc.STRUCTURE, descriptor, memory.read(descriptor, 16));
      return Descriptor.of(bytes).isEmpty();
    }
  }

  private static long pages(Change change, long bytes) {
    return Math.ceilDiv(bytes, change.pageSize.bytes());
  }

  /** Why a change is harmless; empty if there is no reason. */
  static Optional<Harmless> of(Change change) {
    return List.of(values()).stream()
        .filter(row -> row.kinds.matcher(change.mutant.place().kind()).matches())
        .filter(row -> row.condition.test(change))
        .findFirst();
  }

  String reason() {
    return reason;
  }
}
