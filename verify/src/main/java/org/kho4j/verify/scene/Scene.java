package org.kho4j.verify.scene;

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
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scratch.ScratchContentRules;
import org.kho4j.verify.state.AbsentPages;
import org.kho4j.verify.state.Claims;
import org.kho4j.verify.state.Findings;
import org.kho4j.verify.state.PageSpace;
import org.kho4j.verify.state.Preserved;

/**
 * The shared state of the rules of one handover.
 *
 * @param absent the pages that the source does not have
 * @param scratch the next kernel's scratch regions; none if they are not known
 * @param nodes addresses at which another NUMA node begins; none if they are not known
 */
public record Scene(
    Handover handover,
    PageSpace space,
    Findings findings,
    Preserved preserved,
    Claims claims,
    AbsentPages absent,
    List<AddressRange> scratch,
    List<Long> nodes) {

  /** Returns the scene for a second walk, which finds the owners' names. */
  public Scene naming(Claims naming) {
    return new Scene(handover, space, Findings.none(), preserved, naming, absent, scratch, nodes);
  }

  public HandoverMemory memory() {
    return handover.memory();
  }

  public PageSize pageSize() {
    return handover.pageSize();
  }

  /**
   * Returns the number of errors, of findings that depend on a guess, and of absent structures so
   * far, which keep a list from being read completely.
   */
  public long gaps() {
    return findings.errors() + findings.guesses() + findings.absentStructures();
  }

  /** Reports a finding, as {@link Findings} does. */
  public void report(Rule rule, Where where, long address, String format, Object... arguments) {
    findings.report(rule, where, address, format, arguments);
  }

  /** Reports a fault that a reader found, as {@link Findings} does. */
  public void report(Rule rule, HandoverException e) {
    findings.report(rule, e);
  }

  /** Reports a fault of a structure, and that it is therefore not known which memory it owns. */
  public void reportBroken(
      Rule rule, Where where, long address, String format, Object... arguments) {
    findings.brokenOwner();
    findings.report(rule, where, address, format, arguments);
  }

  /** Reports a fault that a reader found, and that the owner's memory is not known. */
  public void reportBroken(Rule rule, HandoverException e) {
    findings.brokenOwner();
    findings.report(rule, e);
  }

  /** Counts structures by name. */
  public void count(String name, long count) {
    findings.count(name, count);
  }

  /** Records the absent bytes of some content. */
  public void content(AbsentParts.Kind kind, Where where, long address, long absentBytes) {
    if (absentBytes > 0) {
      findings.absent(kind, where.toString(), address, absentBytes);
    }
  }

  /**
   * Reads a page of a structure; null if there cannot be such a page, which is reported, or if it
   * is absent, which is recorded. The structure owns an absent page, too.
   */
  public @Nullable MemorySegment page(Rule rule, Where where, long address) {
    return page(rule, where, address, pageSize().bytes());
  }

  private @Nullable MemorySegment page(Rule rule, Where where, long address, long bytes) {
    try {
      return memory().page(where, address);
    } catch (HandoverException e) {
      findings.report(rule, e);
      if (e.isAbsent()) {
        take(where, address, bytes);
      } else {
        findings.brokenOwner();
      }
      return null;
    }
  }

  /** Reads a structure at the start of a page; null as with {@link #page}. */
  public @Nullable StructureView view(Rule rule, Where where, long address, Structure structure) {
    MemorySegment page = page(rule, where, address, structure.size(pageSize()));
    return page == null ? null : read(where, new StructureView(structure, address, page));
  }

  /** Passes a structure that was read to the visitor. */
  public StructureView read(Where where, StructureView structure) {
    claims.visitor().structure(where, structure);
    return structure;
  }

  /**
   * Claims a block of a structure, which has to be preserved as that block: a kernel restores it by
   * its address and the order of its preservation.
   *
   * @param rule for that structure
   * @return whether no other owner had claimed the block
   */
  public boolean own(Rule rule, Where where, long address, int order) {
    requireBlock(rule, where, address, order);
    return take(where, address, pageSize().blockBytes(order));
  }

  /**
   * Checks that exactly a block is preserved, where the preserved blocks are known.
   *
   * @param rule for the structure in the block
   */
  public void requireBlock(Rule rule, Where where, long address, int order) {
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
  }

  /** Claims memory of a structure, however the memory is preserved. */
  public boolean take(Where where, long address, long bytes) {
    ScratchContentRules.structure(scratch, findings, where, address, bytes);
    return claims.claim(where, address, bytes);
  }
}
