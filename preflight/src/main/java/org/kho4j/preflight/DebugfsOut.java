package org.kho4j.preflight;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.LuoSer;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.memblock.ReserveMem;

/**
 * What a running kernel shows of its outgoing handover in debugfs.
 *
 * @param versions of the parts that are there, by their names
 * @param reservations what {@code reserve_mem=} reserved
 * @param strangers subtrees that nobody here knows
 */
record DebugfsOut(
    Map<String, List<String>> versions, List<ReserveMem> reservations, List<String> strangers) {

  static final DebugfsOut NONE = new DebugfsOut(Map.of(), List.of(), List.of());

  private static final String OUT = "sys/kernel/debug/kho/out";
  private static final String SUBTREES = OUT + "/sub_fdts";

  DebugfsOut {
    versions = Map.copyOf(versions);
    reservations = List.copyOf(reservations);
    strangers = List.copyOf(strangers);
  }

  /** Whether debugfs shows nothing of a handover. */
  boolean isEmpty() {
    return versions.isEmpty();
  }

  static DebugfsOut read(HostFiles files) throws IOException {
    Optional<List<String>> names = files.names(SUBTREES);
    if (names.isEmpty()) {
      files.note(
          "/%s cannot be read: debugfs is not mounted, KHO is off (kho=on), or the kernel was built without"
                  .formatted(OUT)
              + " CONFIG_KEXEC_HANDOVER_DEBUGFS. What is handed over is not known, and all that can be counts");
      return NONE;
    }
    Map<String, List<String>> versions = new HashMap<>();
    List<ReserveMem> reservations = new ArrayList<>();
    List<String> strangers = new ArrayList<>();
    files
        .bytes(OUT + "/fdt")
        .flatMap(DebugfsOut::compatible)
        .ifPresent(root -> versions.put(Parts.KHO.name(), root));
    for (String name : names.get()) {
      byte[] blob = files.bytes(SUBTREES + "/" + name).orElse(null);
      if (blob == null) {
        continue;
      }
      switch (name) {
        case LuoSer.SUBTREE ->
            versions.put(
                Parts.LUO.name(),
                compatible(blob)
                    .orElseGet(() -> BlobVersions.leading(MemorySegment.ofArray(blob))));
        case FdtLayout.MEMBLOCK_SUBTREE -> {
          versions.put(Parts.MEMBLOCK.name(), compatible(blob).orElse(List.of()));
          reservations.addAll(reservations(blob));
        }
        case KexecMetadata.SUBTREE ->
            versions.put(
                Parts.KEXEC_METADATA.name(),
                blob.length > 0 ? List.of(Byte.toString(blob[0])) : List.of());
        case FdtLayout.KHO_TEST_SUBTREE ->
            versions.put(Parts.KHO_TEST.name(), compatible(blob).orElse(List.of()));
        default -> strangers.add(name);
      }
    }
    return new DebugfsOut(versions, reservations, strangers);
  }

  private static List<ReserveMem> reservations(byte[] bytes) throws IOException {
    List<ReserveMem> found = new ArrayList<>();
    try {
      for (FdtNode node : Fdt.read(MemorySegment.ofArray(bytes)).children()) {
        found.add(
            new ReserveMem(
                node.name(),
                node.property("start").orElseThrow().u64(ByteOrder.LITTLE_ENDIAN),
                node.property("size").orElseThrow().u64(ByteOrder.LITTLE_ENDIAN)));
      }
    } catch (FdtException | NoSuchElementException e) {
      throw new IOException("/%s/memblock: %s".formatted(SUBTREES, e.getMessage()), e);
    }
    return found;
  }

  private static Optional<List<String>> compatible(byte[] blob) {
    try {
      return Optional.of(BlobVersions.of(Fdt.read(MemorySegment.ofArray(blob))));
    } catch (FdtException e) {
      return Optional.empty();
    }
  }
}
