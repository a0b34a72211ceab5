package org.kho4j.handover.memblock;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Limits;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.wire.PreservationException;

/** Hands named reservations over, as the kernel's memblock does. */
public final class ReserveMemSaver {

  private static final String PATH = "/" + FdtLayout.MEMBLOCK_SUBTREE;

  private ReserveMemSaver() {}

  /**
   * Hands reservations over. The next kernel gives each to a {@code reserve_mem=} of the same name
   * and size.
   *
   * @param reservations whole pages that the generation owns, which this preserves; at most 8, with
   *     names of at most 15 characters
   * @throws PreservationException if there are more, or a name is longer
   */
  public static void save(Generation generation, List<ReserveMem> reservations) {
    check(reservations);
    generation.atomically(() -> {
      for (ReserveMem reservation : reservations) {
        generation.preservePages(reservation.start(), reservation.size());
      }
      addBlob(generation, reservations);
    });
  }

  /**
   * Hands reservations over whose memory is preserved already, as {@link #save} does.
   *
   * @throws PreservationException if they {@linkplain #canHold cannot be held}
   */
  public static void saveBlob(Generation generation, List<ReserveMem> reservations) {
    check(reservations);
    generation.atomically(() -> addBlob(generation, reservations));
  }

  /** Returns whether a kernel accepts a reservation of this name, beside a number of others. */
  public static boolean canHold(int others, String name) {
    return others < Limits.RESERVE_MEM_ENTRIES
        && !name.isEmpty()
        && name.length() <= Limits.RESERVE_MEM_NAME;
  }

  private static void addBlob(Generation generation, List<ReserveMem> reservations) {
    Folio page = generation.allocateZeroed(PATH, 0);
    generation.preserve(page);
    MemorySegment blob = tree(generation.segment(page), reservations);
    generation.addSubtree(FdtLayout.MEMBLOCK_SUBTREE, page.address(), Fdt.totalSize(blob));
  }

  private static MemorySegment tree(MemorySegment page, List<ReserveMem> reservations) {
    FdtBuilder tree =
        FdtBuilder.create(page)
            .beginNode("")
            .property(FdtProperty.ofString("compatible", FdtLayout.MEMBLOCK.compatible()));
    for (ReserveMem reservation : reservations) {
      try {
        tree.beginNode(reservation.name());
      } catch (IllegalArgumentException e) {
        throw new PreservationException(PATH, String.valueOf(e.getMessage()));
      }
      tree.property(FdtProperty.ofString("compatible", FdtLayout.RESERVE_MEM_COMPATIBLE))
          .property(u64("start", reservation.start()))
          .property(u64("size", reservation.size()))
          .endNode();
    }
    return tree.endNode().finish();
  }

  private static FdtProperty u64(String name, long value) {
    return FdtProperty.ofU64(name, value, ByteOrder.LITTLE_ENDIAN);
  }

  private static void check(List<ReserveMem> reservations) {
    if (reservations.isEmpty() || reservations.size() > Limits.RESERVE_MEM_ENTRIES) {
      throw new PreservationException(
          PATH,
          "%d reservations: a kernel accepts 1 to %d"
              .formatted(reservations.size(), Limits.RESERVE_MEM_ENTRIES));
    }
    for (ReserveMem reservation : reservations) {
      if (reservation.name().isEmpty() || reservation.name().length() > Limits.RESERVE_MEM_NAME) {
        throw new PreservationException(
            PATH,
            "reservation \"%s\": a name has 1 to %d characters"
                .formatted(reservation.name(), Limits.RESERVE_MEM_NAME));
      }
    }
  }
}
