package org.kho4j.preflight.host;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
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
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.preflight.part.BlobVersions;
import org.kho4j.preflight.part.Part;

/**
 * The outgoing handover of a running kernel, as far as debugfs shows it.
 *
 * @param versions versions of the parts that exist, by their names; none of a part whose subtree is
 *     listed and cannot be read
 * @param reservations the reservations of {@code reserve_mem=}
 * @param unknownSubtrees subtrees that no row of {@link Part} is about
 * @param scratch the scratch regions
 */
public record DebugfsOut(
    Map<String, List<String>> versions,
    List<ReserveMem> reservations,
    List<String> unknownSubtrees,
    List<AddressRange> scratch) {

  /** No handover. */
  public static final DebugfsOut NONE = new DebugfsOut(Map.of(), List.of(), List.of(), List.of());

  private static final String OUT = "sys/kernel/debug/kho/out";
  private static final String SUBTREES = OUT + "/sub_fdts";

  public DebugfsOut {
    versions = Map.copyOf(versions);
    reservations = List.copyOf(reservations);
    unknownSubtrees = List.copyOf(unknownSubtrees);
    scratch = List.copyOf(scratch);
  }

  /** Returns whether debugfs shows no handover. */
  public boolean isEmpty() {
    return versions.isEmpty() && unknownSubtrees.isEmpty();
  }

  /**
   * Reads the files of a host.
   *
   * @throws IOException if a file is not of its form
   */
  public static DebugfsOut read(HostFiles files) throws IOException {
    Optional<List<String>> names = files.names(SUBTREES);
    if (names.isEmpty()) {
      files.note(
          "%s cannot be read: debugfs is not mounted, KHO is off (kho=on), or the kernel was built without"
                  .formatted(files.path(OUT))
              + " CONFIG_KEXEC_HANDOVER_DEBUGFS. The handover is unknown, so everything that the"
              + " kernel supports counts");
      return NONE;
    }
    Map<String, List<String>> versions = new HashMap<>();
    List<ReserveMem> reservations = new ArrayList<>();
    List<String> unknownSubtrees = new ArrayList<>();
    Optional<byte[]> root = files.bytes(OUT + "/fdt");
    if (root.isPresent()) {
      Blob blob = new Blob(files, OUT + "/fdt", root.get());
      if (blob.isCut()) {
        files.note(
            "%s/fdt shows only the first %d bytes of the root FDT, its length at boot: it does not show the version of KHO"
                .formatted(files.path(OUT), root.get().length));
      } else {
        versions.put(Part.KHO.name(), blob.compatible());
      }
    }
    for (String name : names.get()) {
      String place = SUBTREES + "/" + name;
      Optional<byte[]> bytes = files.bytes(place);
      if (bytes.isEmpty()) {
        Optional<Part> part = Part.ofSubtree(name);
        part.ifPresentOrElse(
            one -> versions.put(one.name(), List.of()), () -> unknownSubtrees.add(name));
        files.note(
            "%s is listed and cannot be read: it is handed over, %s"
                .formatted(
                    files.path(place),
                    part.filter(one -> !one.equals(Part.MEMBLOCK)).isPresent()
                        ? "in the version of the kernel's image, if that is known"
                        : "with unknown content"));
        continue;
      }
      Blob blob = new Blob(files, place, bytes.get());
      switch (name) {
        case LuoSer.SUBTREE -> versions.put(Part.LUO.name(), blob.versions());
        case FdtLayout.MEMBLOCK_SUBTREE -> {
          versions.put(Part.MEMBLOCK.name(), blob.compatible());
          reservations.addAll(blob.reservations());
        }
        case KexecMetadata.SUBTREE ->
            versions.put(Part.KEXEC_METADATA.name(), List.of(blob.number()));
        case FdtLayout.KHO_TEST_SUBTREE -> versions.put(Part.KHO_TEST.name(), blob.compatible());
        default -> unknownSubtrees.add(name);
      }
    }
    return new DebugfsOut(versions, reservations, unknownSubtrees, scratch(files));
  }

  /**
   * Reads the scratch regions: a file has their addresses and another their lengths, a line each.
   *
   * @throws IOException if the two files do not fit together
   */
  public static List<AddressRange> scratch(HostFiles files) throws IOException {
    List<Long> addresses = numbers(files, OUT + "/scratch_phys");
    List<Long> lengths = numbers(files, OUT + "/scratch_len");
    if (addresses.size() != lengths.size()) {
      throw files.broken(
          OUT + "/scratch_len",
          "has %d lengths, and scratch_phys %d addresses"
              .formatted(lengths.size(), addresses.size()));
    }
    List<AddressRange> regions = new ArrayList<>();
    for (int i = 0; i < addresses.size(); i++) {
      try {
        regions.add(new AddressRange(addresses.get(i), lengths.get(i)));
      } catch (IllegalArgumentException e) {
        throw files.broken(OUT + "/scratch_phys", "line %d: %s".formatted(i + 1, e.getMessage()));
      }
    }
    return regions;
  }

  private static List<Long> numbers(HostFiles files, String place) throws IOException {
    List<Long> numbers = new ArrayList<>();
    for (String line : files.text(place).orElse("").lines().toList()) {
      try {
        numbers.add(Long.decode(line.strip()));
      } catch (NumberFormatException e) {
        throw files.broken(place, "has a line that is no number: \"%s\"".formatted(line));
      }
    }
    return numbers;
  }

  /** A file's content. Damaged content is refused: without a version, anything would fit. */
  private static final class Blob {
    private final HostFiles files;
    private final String place;
    private final byte[] bytes;

    Blob(HostFiles files, String place, byte[] bytes) {
      this.files = files;
      this.place = place;
      this.bytes = bytes;
    }

    /**
     * Returns whether the file is shorter than the tree in it: since 7.1, {@code out/fdt} has the
     * length of the tree at boot, to which subtrees are added later.
     */
    boolean isCut() {
      return bytes.length >= 2 * Integer.BYTES
          && Fdt.isMagic(MemorySegment.ofArray(bytes))
          && ByteBuffer.wrap(bytes).getInt(Integer.BYTES) > bytes.length;
    }

    List<String> versions() throws IOException {
      MemorySegment blob = MemorySegment.ofArray(bytes);
      if (Fdt.isMagic(blob)) {
        return compatible();
      }
      List<String> leading = BlobVersions.leading(blob);
      if (leading.contains("")) {
        throw files.broken(place, "is no device tree, and does not begin with a version");
      }
      return leading;
    }

    List<String> compatible() throws IOException {
      try {
        return BlobVersions.of(Fdt.read(MemorySegment.ofArray(bytes)));
      } catch (FdtException | HandoverException e) {
        throw files.broken(place, "" + e.getMessage());
      }
    }

    String number() throws IOException {
      if (bytes.length < Integer.BYTES) {
        throw files.broken(place, "ends within its version, after " + bytes.length + " bytes");
      }
      return Integer.toUnsignedString(
          ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt());
    }

    List<ReserveMem> reservations() throws IOException {
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
        throw files.broken(place, "" + e.getMessage());
      }
      return found;
    }
  }
}
