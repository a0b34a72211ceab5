package org.kho4j.preflight.host;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.pages.AddressRange;

/**
 * KHO and LUO on a running host, as far as its files show them.
 *
 * @param release of the kernel
 * @param kho whether KHO is on
 * @param luo whether LUO is on
 * @param given the handover that this boot received
 * @param prepared the outgoing handover in debugfs
 * @param memory bytes of RAM
 * @param kexecLoaded whether a kernel is loaded for kexec
 * @param use the processes that have LUO's device and sessions open
 * @param systemd major version of systemd, where it is init
 * @param stores the descriptors that systemd keeps for its units; empty if systemd was not asked
 * @param notes the facts that cannot be seen, with the reasons
 */
public record HostStatus(
    Optional<String> release,
    Switch kho,
    Switch luo,
    Given given,
    Optional<Prepared> prepared,
    OptionalLong memory,
    Optional<Boolean> kexecLoaded,
    LiveUpdateUse use,
    OptionalInt systemd,
    Optional<List<DescriptorStore>> stores,
    List<String> notes) {

  public HostStatus {
    stores = stores.map(List::copyOf);
    notes = List.copyOf(notes);
  }

  /** The state of a part of the kernel: on, off, missing or unknown. */
  public enum State {
    ON,
    OFF,
    /** The kernel was built without it. */
    MISSING,
    /** No visible file shows the state. */
    UNKNOWN
  }

  /**
   * A part of the kernel.
   *
   * @param because the evidence, or the file that would have it
   */
  public record Switch(State state, String because) {}

  /**
   * The handover that a boot received.
   *
   * @param handedOver whether this kernel was booted with a boot record; empty if unknown
   * @param refused whether this kernel did not take it
   * @param version of the root FDT that the kernel took
   * @param metadata the metadata of the kernel that handed over
   */
  public record Given(
      Optional<Boolean> handedOver,
      boolean refused,
      Optional<String> version,
      Optional<Metadata> metadata) {}

  /**
   * The outgoing handover, as far as debugfs shows it.
   *
   * @param subtrees their names
   * @param scratch the kernel's scratch regions
   * @param finalized whether the handover is finalized; empty if the kernel needs no such step
   *     (since 7.1), or does not show it
   */
  public record Prepared(
      List<String> subtrees, List<AddressRange> scratch, Optional<Boolean> finalized) {

    public Prepared {
      subtrees = List.copyOf(subtrees);
      scratch = List.copyOf(scratch);
    }

    /** Returns the bytes of all scratch regions. */
    public long scratchBytes() {
      return scratch.stream().mapToLong(AddressRange::length).sum();
    }
  }
}
