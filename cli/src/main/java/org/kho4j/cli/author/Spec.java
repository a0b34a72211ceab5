package org.kho4j.cli.author;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * A handover as a file describes it. {@code docs/author.md} has every key.
 *
 * @param place where it begins
 * @param arch whose boot record it gets
 * @param pageSize of the kernel that it is for
 * @param layout of the contract
 * @param memory all of the machine's memory
 * @param scratch regions, in the array's order
 * @param nodes the memory of each NUMA node; none means that there is one
 * @param pool where structures lie that have no address, if the spec says
 * @param scatter makes each of them take a place of its own
 * @param previousRelease what kexec-metadata names
 * @param kexecCount what kexec-metadata counts
 * @param subtrees in the order of the root FDT
 * @param preserved memory that no subtree speaks of
 * @param places addresses of structures, by path
 */
record Spec(
    SpecPlace place,
    Arch arch,
    PageSize pageSize,
    KhoLayout layout,
    Range memory,
    List<Range> scratch,
    List<Range> nodes,
    Optional<Range> pool,
    OptionalLong scatter,
    String previousRelease,
    long kexecCount,
    List<SubtreeSpec> subtrees,
    List<PreservedRun> preserved,
    Map<String, Address> places)
    implements SpecPart {

  /** A machine that KHO exists for. */
  enum Arch {
    X86_64("x86-64"),
    ARM64("arm64");

    private final String label;

    Arch(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  /** An address that the spec gives. */
  record Address(SpecPlace place, long address) implements SpecPart {}

  /** Memory that the spec names. */
  record Range(SpecPlace place, AddressRange range) implements SpecPart {}

  /** Memory that is preserved as a run of pages. */
  record PreservedRun(SpecPlace place, AddressRange range, Fill content) implements SpecPart {}

  /** Bytes of all data: at least this much memory is written to. */
  long bytes() {
    return subtrees.stream().mapToLong(subtree -> subtree.bytes(pageSize)).sum()
        + preserved.stream().mapToLong(run -> run.range().length()).sum();
  }

  /** Bytes of all data that are not left zero. */
  long written() {
    return subtrees.stream().mapToLong(subtree -> subtree.written(pageSize)).sum()
        + preserved.stream().mapToLong(run -> run.content().written(run.range().length())).sum();
  }
}
