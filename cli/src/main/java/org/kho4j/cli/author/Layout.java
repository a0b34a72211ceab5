package org.kho4j.cli.author;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.author.Spec.Address;
import org.kho4j.handover.generation.Placement;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;

/**
 * The addresses of all structures: those of the spec, and for the rest the memory between. No other
 * structure takes an address that the spec gives.
 */
final class Layout implements Placement {

  static final String SCRATCH = "/scratch";
  static final String BOOT_RECORD = "/boot-record";

  private static final String MAP = "/" + KhoVersion.MAP_PROPERTY;

  private final Spec spec;
  private final PageAllocator pool;
  private final SpecPlace poolPlace;
  private final Set<String> used = new HashSet<>();
  private final @Nullable Map<String, Long> addresses;
  private final Map<String, Long> prepared = new HashMap<>();
  private long lowest = Long.MAX_VALUE;
  private long highest;

  private Layout(Spec spec, PageAllocator pool, SpecPlace poolPlace, boolean listed) {
    this.spec = spec;
    this.pool = pool;
    this.poolPlace = poolPlace;
    this.addresses = listed ? new LinkedHashMap<>() : null;
  }

  /**
   * A layout for a spec.
   *
   * @param listed whether to keep the address of every structure
   * @throws SpecException if the spec contradicts itself
   */
  static Layout of(Spec spec, boolean listed) {
    ClaimedRanges claims = new ClaimedRanges(spec);
    spec.places().forEach((path, address) -> claim(spec, claims, path, address));
    for (SubtreeSpec subtree : spec.subtrees()) {
      if (subtree instanceof SubtreeSpec.Reservations reservations) {
        for (SubtreeSpec.Reservation reservation : reservations.list()) {
          reservation
              .address()
              .ifPresent(address ->
                  claims.add(
                      reservation.place(),
                      "reservation " + reservation.name(),
                      new AddressRange(address, reservation.size())));
        }
      }
    }
    spec.preserved().forEach(run -> claims.add(run.place(), "preserved memory", run.range()));
    Pool pool = Pool.of(spec, claims.ranges());
    Layout layout = new Layout(spec, pool.allocator(), pool.place(), listed);
    claims.ranges().forEach(layout::note);
    return layout;
  }

  private static void claim(Spec spec, ClaimedRanges claims, String path, Address address) {
    SpecPlace place = address.place();
    if (path.equals(SCRATCH)) {
      claims.addScratchArray(place, address.address());
      return;
    }
    if (path.equals(BOOT_RECORD)) {
      claims.addBootRecord(place, address.address());
      return;
    }
    OptionalInt order = order(spec, path);
    if (order.isEmpty()) {
      throw place.broken("there is no structure of this path in the spec");
    }
    long bytes = spec.pageSize().blockBytes(order.getAsInt());
    if ((address.address() & (bytes - 1)) != 0) {
      throw place.broken(
          "0x%x is not a multiple of 0x%x, the size of the structure's block",
          address.address(), bytes);
    }
    claims.add(place, path, new AddressRange(address.address(), bytes));
  }

  /** The order of the block that a structure takes, or empty if there is no such structure. */
  private static OptionalInt order(Spec spec, String path) {
    if (path.equals("/")
        || path.equals(MAP)
        || path.startsWith(MAP + "/")
        || path.equals("/" + KexecMetadata.SUBTREE)) {
      return OptionalInt.of(0);
    }
    for (SubtreeSpec subtree : spec.subtrees()) {
      String own = "/" + subtree.name();
      if (path.equals(own) || path.startsWith(own + "/")) {
        return subtree.order(path.substring(own.length()), spec.pageSize());
      }
    }
    return OptionalInt.empty();
  }

  @Override
  public OptionalLong address(String path) {
    Optional<Address> placed = placed(path);
    if (placed.isPresent()) {
      return OptionalLong.of(list(path, placed.get().address()));
    }
    if (path.equals(SCRATCH)) {
      return OptionalLong.empty();
    }
    Long early = prepared.remove(path);
    return OptionalLong.of(list(path, early == null ? allocate(path) : early));
  }

  /** Takes the place of a structure ahead of those that would leave no room for it. */
  void prepare(String path) {
    if (!spec.places().containsKey(path)) {
      prepared.put(path, allocate(path));
    }
  }

  private long allocate(String path) {
    int order =
        order(spec, path)
            .orElseThrow(() -> new IllegalStateException("no order is known of " + path));
    long address = poolPlace.attempt(() -> pool.allocate(order));
    note(new AddressRange(address, spec.pageSize().blockBytes(order)));
    return address;
  }

  /** The address that the spec gives to a structure, which thereby is one that there is. */
  Optional<Address> placed(String path) {
    Address address = spec.places().get(path);
    if (address != null) {
      used.add(path);
    }
    return Optional.ofNullable(address);
  }

  /** Keeps the address of a structure, if they are wanted. */
  long list(String path, long address) {
    if (addresses != null) {
      addresses.put(path, address);
    }
    return address;
  }

  /** Whole pages that the spec has not placed. */
  AddressRange take(SpecPlace place, long bytes, long align) {
    PageSize pageSize = spec.pageSize();
    int order = SubtreeSpec.Orders.of(pageSize, Math.max(bytes, align));
    long address = place.attempt(() -> pool.allocate(order));
    long rest = pageSize.blockBytes(order) - bytes;
    if (rest > 0) {
      pool.release(address + bytes, rest);
    }
    AddressRange range = new AddressRange(address, bytes);
    note(range);
    return range;
  }

  private void note(AddressRange range) {
    lowest = Math.min(lowest, range.address());
    highest = Math.max(highest, range.end());
  }

  /** The lowest address of anything outside of the scratch regions. */
  long lowest() {
    return lowest;
  }

  /** The end of the highest of them. */
  long highest() {
    return highest;
  }

  /** The structures in the order in which they were made; empty unless they were wanted. */
  Map<String, Long> addresses() {
    return addresses == null ? Map.of() : addresses;
  }

  /**
   * Checks that every place was for a structure.
   *
   * @throws SpecException if one was not
   */
  void requireAllUsed() {
    spec.places()
        .forEach((path, address) -> {
          if (!used.contains(path)) {
            throw address.broken("no such structure was needed: the map has no node of this path");
          }
        });
  }
}
