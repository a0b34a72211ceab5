package org.kho4j.preflight.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.KhoScratch;
import org.kho4j.files.LittleEndian;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.running.RunningMemory;
import org.kho4j.preflight.host.HostStatus.State;
import org.kho4j.preflight.host.KernelSymbols.Name;

/**
 * Finds the root FDTs of a running kernel without searching its memory.
 *
 * @param incoming address of the root FDT that the kernel was given
 * @param outgoing address of the root FDT that the kernel prepares
 * @param scratchArray the kernel's array of scratch regions
 * @param state whether KHO is on, by the kernel's own variable; {@code UNKNOWN} where the kernel
 *     does not list its data, or hides the addresses
 */
public record RunningRoots(
    OptionalLong incoming,
    OptionalLong outgoing,
    Optional<AddressRange> scratchArray,
    State state) {

  /** Bytes of {@code struct kho_out} that are read: the pointer is its first member since 7.1. */
  private static final int OUT_BYTES = 256;

  /**
   * Finds the root FDTs and the scratch array of a host.
   *
   * @throws IOException if a file of the host is not of its form
   */
  public static RunningRoots find(HostFiles files, RunningMemory memory) throws IOException {
    Optional<BootData> given = GivenRecord.read(files);
    Variables variables = new Variables(memory, KernelSymbols.read(files));
    return new RunningRoots(
        given.isPresent() ? OptionalLong.of(given.get().fdtAddress()) : OptionalLong.empty(),
        variables.outgoing(),
        variables.scratchArray().or(() -> given.flatMap(RunningRoots::array)),
        variables.state());
  }

  /**
   * Returns whether KHO is on, by the kernel's own variable; {@code UNKNOWN} also where its memory
   * or its symbols cannot be read.
   *
   * @param root the host's root directory
   */
  public static State state(Path root) {
    try (RunningMemory memory = RunningMemory.open(root)) {
      return new Variables(memory, KernelSymbols.read(new HostFiles(root))).state();
    } catch (IOException e) {
      return State.UNKNOWN;
    }
  }

  private static Optional<AddressRange> array(BootData boot) {
    long most = (long) KhoScratch.MAX_REGIONS * KhoScratch.STRUCTURE.headerSize();
    return boot.scratchSize() <= 0 || boot.scratchSize() > most || boot.scratchAddress() <= 0
        ? Optional.empty()
        : Optional.of(new AddressRange(boot.scratchAddress(), boot.scratchSize()));
  }

  /**
   * Reads variables of the kernel without caching: the variables around them change all the time.
   */
  private record Variables(RunningMemory running, KernelSymbols symbols) {

    State state() {
      Optional<MemorySegment> enabled = bytes(Name.ENABLED, 1);
      if (enabled.isPresent()) {
        return enabled.get().get(JAVA_BYTE, 0) == 0 ? State.OFF : State.ON;
      }
      return symbols.state() == KernelSymbols.State.MISSING ? State.MISSING : State.UNKNOWN;
    }

    /**
     * Returns the address of the outgoing root FDT. Up to 6.18 the pointer is that of a struct
     * page, which gives no address here.
     */
    OptionalLong outgoing() {
      Optional<MemorySegment> structure = bytes(Name.OUT, OUT_BYTES);
      for (long at = 0; structure.isPresent() && at < OUT_BYTES; at += Long.BYTES) {
        OptionalLong page = running.physical(structure.get().get(LittleEndian.U64, at));
        if (page.isPresent() && isRoot(page.getAsLong())) {
          return page;
        }
      }
      return OptionalLong.empty();
    }

    private boolean isRoot(long address) {
      try {
        RootSearch.at(running.unwatched(), address);
        return true;
      } catch (HandoverException e) {
        return false;
      }
    }

    Optional<AddressRange> scratchArray() {
      Optional<MemorySegment> pointer = bytes(Name.SCRATCH, Long.BYTES);
      Optional<MemorySegment> count = bytes(Name.SCRATCH_COUNT, Integer.BYTES);
      if (pointer.isEmpty() || count.isEmpty()) {
        return Optional.empty();
      }
      OptionalLong address = running.physical(pointer.get().get(LittleEndian.U64, 0));
      long regions = Integer.toUnsignedLong(count.get().get(LittleEndian.U32, 0));
      return address.isEmpty() || regions == 0 || regions > KhoScratch.MAX_REGIONS
          ? Optional.empty()
          : Optional.of(
              new AddressRange(address.getAsLong(), regions * KhoScratch.STRUCTURE.headerSize()));
    }

    /** Returns the bytes at a symbol, if the kernel shows its address. */
    private Optional<MemorySegment> bytes(Name name, int length) {
      OptionalLong virtual = symbols.address(name);
      return virtual.isEmpty() ? Optional.empty() : running.kernelData(virtual.getAsLong(), length);
    }
  }
}
