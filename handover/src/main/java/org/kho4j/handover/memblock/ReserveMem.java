package org.kho4j.handover.memblock;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoRadix;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.Client;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/**
 * A named reservation of the command line, as in {@code reserve_mem=1M:4096:trace}.
 *
 * @param name chosen by the user
 * @param start physical address of its first byte
 * @param size in bytes
 */
public record ReserveMem(String name, long start, long size) {

  /** Reads the reservations of the subtree {@code memblock}. */
  public static final Client<List<ReserveMem>> CLIENT =
      new Client<>(FdtLayout.MEMBLOCK_SUBTREE, ReserveMem::readAll);

  /** Returns the path of the reservation. */
  public Where where() {
    return where(name);
  }

  private static Where where(String name) {
    return Where.ROOT.in(FdtLayout.MEMBLOCK_SUBTREE).named("reservation", name);
  }

  /** Returns the reservation's bytes. */
  public Content content(HandoverMemory memory) {
    return Content.contiguous(memory, where().toString(), start, size);
  }

  private static List<ReserveMem> readAll(Handover handover, Subtree subtree) {
    return readAll(handover, subtree, ReserveMem::fail);
  }

  private static void fail(HandoverException problem) {
    throw problem;
  }

  /**
   * Reads the reservations of a subtree as {@link #CLIENT} does, without the broken ones: a kernel
   * looks each up by its name.
   *
   * @param problems takes the faults of the broken ones
   * @throws HandoverException if the blob is broken
   */
  public static List<ReserveMem> readAll(
      Handover handover, Subtree subtree, Consumer<HandoverException> problems) {
    List<ReserveMem> reservations = new ArrayList<>();
    for (FdtNode node : handover.tree(subtree, FdtLayout.MEMBLOCK).children()) {
      try {
        reservations.add(read(node, subtree));
      } catch (HandoverException e) {
        problems.accept(e);
      }
    }
    return List.copyOf(reservations);
  }

  private static ReserveMem read(FdtNode node, Subtree subtree) {
    Where where = where(node.name());
    TreeValue.requireCompatible(node, FdtLayout.RESERVE_MEM_COMPATIBLE, where, subtree.address());
    long start = TreeValue.number(node, FdtLayout.RESERVE_MEM_START, where, subtree.address());
    long size = TreeValue.number(node, FdtLayout.RESERVE_MEM_SIZE, where, subtree.address());
    if (size <= 0 || start < 0 || (start + size - 1) >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      throw where.broken(
          subtree.address(),
          "0x%x bytes at 0x%x are not a possible range of memory".formatted(size, start));
    }
    return new ReserveMem(node.name(), start, size);
  }
}
