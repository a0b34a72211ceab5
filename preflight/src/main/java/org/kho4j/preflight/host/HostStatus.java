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
 * @param given what this boot was given
 * @param prepared what debugfs shows of the outgoing handover
 * @param memory bytes of RAM
 * @param kexecLoaded whether a kernel is loaded for kexec
 * @param use who has LUO's device and sessions open
 * @param systemd major version of systemd, where it is init
 * @param stores what systemd keeps for its units; empty where it was not asked
 * @param notes what cannot be seen, and why
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

  /** Whether a part of the kernel is on. */
  public enum State {
    ON,
    OFF,
    /** The kernel was built without it. */
    MISSING,
    /** Nothing that can be seen shows it. */
    UNKNOWN
  }

  /**
   * A part of the kernel.
   *
   * @param because what shows it, or what would
   */
  public record Switch(State state, String because) {}

  /**
   * What a boot was given.
   *
   * @param handedOver whether this kernel was booted with a boot record; empty if unknown
   * @param version of the root FDT that the kernel took
   * @param metadata what the kernel that handed over says about itself
   */
  public record Given(
      Optional<Boolean> handedOver, Optional<String> version, Optional<Metadata> metadata) {}

  /**
   * What debugfs shows of the outgoing handover.
   *
   * @param subtrees their names
   * @param scratch the kernel's scratch regions
   */
  public record Prepared(List<String> subtrees, List<AddressRange> scratch) {

    public Prepared {
      subtrees = List.copyOf(subtrees);
      scratch = List.copyOf(scratch);
    }

    /** Bytes of all scratch regions. */
    public long scratchBytes() {
      return scratch.stream().mapToLong(AddressRange::length).sum();
    }
  }
}
