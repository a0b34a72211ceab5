package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.Handover;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * What the rules of one handover share.
 *
 * @param absent the pages that the source does not have
 * @param scratch the next kernel's scratch regions; none if they are not known
 * @param nodes addresses at which another NUMA node begins; none if they are not known
 */
record Scene(
    Handover handover,
    PageSpace space,
    Findings findings,
    Preserved preserved,
    Claims claims,
    AbsentPages absent,
    List<AddressRange> scratch,
    List<Long> nodes,
    Counts counts) {

  /** The same for a second walk that finds the owners' names. */
  Scene naming(Claims naming) {
    return new Scene(
        handover, space, Findings.none(), preserved, naming, absent, scratch, nodes, new Counts());
  }

  HandoverMemory memory() {
    return handover.memory();
  }

  PageSize pageSize() {
    return handover.pageSize();
  }

  /** What keeps a list from being all read: errors so far, and structures that are absent. */
  long gaps() {
    return findings.errors() + counts.absentStructures();
  }

  /** Notes the bytes of some content that are absent. */
  void content(AbsentParts.Kind kind, Where where, long address, long absentBytes) {
    if (absentBytes > 0) {
      counts.absent(kind, where.toString(), address, absentBytes);
    }
  }

  /**
   * A page of a structure; null if there cannot be one, which is reported, or it is absent, which
   * is noted.
   */
  @Nullable MemorySegment page(Rule rule, Where where, long address) {
    try {
      return memory().page(where, address);
    } catch (HandoverException e) {
      findings.report(rule, e);
      return null;
    }
  }

  /** A structure at the start of a page; null as of {@link #page}. */
  @Nullable StructureView view(Rule rule, Where where, long address, Structure structure) {
    MemorySegment page = page(rule, where, address);
    return page == null ? null : read(where, new StructureView(structure, address, page));
  }

  /** A structure was read. */
  StructureView read(Where where, StructureView structure) {
    claims.visitor().structure(where, structure);
    return structure;
  }

  /**
   * A structure takes a block of its own, which has to be preserved as that block: a kernel gives
   * it back by its address and the order that it was preserved with.
   *
   * @param rule that this is, for that structure
   * @return whether nobody else had claimed it
   */
  boolean own(Rule rule, Where where, long address, int order) {
    if (preserved.isKnown() && !preserved.isBlock(address, order)) {
      findings.report(
          rule,
          where,
          address,
          "0x%x must be preserved as a block of order %d, but %s",
          address,
          order,
          preserved.describe(address));
    }
    return take(where, address, pageSize().blockBytes(order));
  }

  /** Memory of a structure, however it is preserved. */
  boolean take(Where where, long address, long bytes) {
    ScratchRules.structure(this, where, address, bytes);
    return claims.claim(where, address, bytes);
  }
}
