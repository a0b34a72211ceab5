package org.kho4j.cli.author;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;

/** A subtree of the root FDT. */
sealed interface SubtreeSpec extends SpecPart
    permits SubtreeSpec.KhoTestFolios, SubtreeSpec.Reservations, SubtreeSpec.Blob, LuoSpec {

  String name();

  /**
   * The order of the block that a structure of this subtree takes.
   *
   * @param path below the subtree's own, {@code ""} for the blob
   * @return empty if there is no such structure
   */
  OptionalInt order(String path, PageSize pageSize);

  /** Bytes of its data: at least this much memory it takes, wherever it lies. */
  long bytes(PageSize pageSize);

  /** Bytes of its data that are not left zero. */
  default long written(PageSize pageSize) {
    return bytes(pageSize);
  }

  /**
   * Data of the kernel's test module.
   *
   * @param orders of its folios
   * @param seed of their content
   * @param listBytes of the area that lists them, at least 8 for each
   * @param listOrder of that area's blocks
   * @param listFlags in that area's descriptor
   */
  record KhoTestFolios(
      SpecPlace place,
      List<Integer> orders,
      long seed,
      long listBytes,
      int listOrder,
      int listFlags)
      implements SubtreeSpec {
    @Override
    public String name() {
      return FdtLayout.KHO_TEST_SUBTREE;
    }

    @Override
    public OptionalInt order(String path, PageSize pageSize) {
      if (path.isEmpty()) {
        return OptionalInt.of(
            Orders.of(pageSize, pageSize.bytes() + (long) orders.size() * Long.BYTES));
      }
      int folio = Orders.index(path, "/folio ", orders.size());
      if (folio >= 0) {
        return OptionalInt.of(orders.get(folio));
      }
      long blocks = listBytes / pageSize.blockBytes(listOrder);
      return AreaSpec.order(path, "/folios_info", blocks, listOrder, pageSize);
    }

    @Override
    public long bytes(PageSize pageSize) {
      return listBytes + orders.stream().mapToLong(pageSize::blockBytes).sum();
    }
  }

  /** Named reservations of the command line. */
  record Reservations(SpecPlace place, List<Reservation> list) implements SubtreeSpec {
    @Override
    public String name() {
      return FdtLayout.MEMBLOCK_SUBTREE;
    }

    @Override
    public OptionalInt order(String path, PageSize pageSize) {
      return path.isEmpty() ? OptionalInt.of(0) : OptionalInt.empty();
    }

    @Override
    public long bytes(PageSize pageSize) {
      return list.stream().mapToLong(Reservation::size).sum();
    }

    @Override
    public long written(PageSize pageSize) {
      return list.stream().mapToLong(one -> one.content.written(one.size)).sum();
    }
  }

  /**
   * A reservation.
   *
   * @param align a power of two
   */
  record Reservation(
      SpecPlace place, String name, long size, OptionalLong address, long align, Fill content)
      implements SpecPart {}

  /** A blob of any content, with the descriptors of vmalloc areas in it. */
  record Blob(SpecPlace place, String name, long size, Fill content, List<AreaSpec> areas)
      implements SubtreeSpec {
    @Override
    public OptionalInt order(String path, PageSize pageSize) {
      if (path.isEmpty()) {
        return OptionalInt.of(Orders.of(pageSize, size));
      }
      for (int i = 0; i < areas.size(); i++) {
        AreaSpec area = areas.get(i);
        OptionalInt order =
            AreaSpec.order(path, "/area " + i, area.blocks(pageSize), area.order, pageSize);
        if (order.isPresent()) {
          return order;
        }
      }
      return OptionalInt.empty();
    }

    @Override
    public long bytes(PageSize pageSize) {
      return areas.stream().mapToLong(AreaSpec::bytes).sum();
    }
  }

  /**
   * A vmalloc area.
   *
   * @param offset of its descriptor in the blob
   * @param bytes a multiple of its blocks' size
   * @param order of its blocks
   * @param flags in its descriptor
   */
  record AreaSpec(SpecPlace place, long offset, long bytes, int order, int flags, Fill content)
      implements SpecPart {

    long blocks(PageSize pageSize) {
      return bytes / pageSize.blockBytes(order);
    }

    static OptionalInt order(String path, String area, long blocks, int order, PageSize pageSize) {
      if (!path.startsWith(area + "/")) {
        return OptionalInt.empty();
      }
      String below = path.substring(area.length());
      if (Orders.index(below, "/block ", blocks) >= 0) {
        return OptionalInt.of(order);
      }
      // A chunk that is exactly full is followed by an empty one.
      long chunks = blocks / KhoVmallocChunk.STRUCTURE.capacity(pageSize) + 1;
      return Orders.index(below, "/chunk ", chunks) >= 0 ? OptionalInt.of(0) : OptionalInt.empty();
    }
  }

  /** Orders of blocks, and the numbers in paths. */
  final class Orders {

    private Orders() {}

    /** The order of the smallest block that holds that many bytes. */
    static int of(PageSize pageSize, long bytes) {
      return Long.SIZE - Long.numberOfLeadingZeros((bytes - 1) >>> pageSize.shift());
    }

    /**
     * The number behind a prefix, or -1 if the path is another, or the number not below a limit.
     */
    static int index(String path, String prefix, long limit) {
      if (!path.startsWith(prefix)) {
        return -1;
      }
      String digits = path.substring(prefix.length());
      boolean plain =
          !digits.isEmpty()
              && digits.length() < 10
              && digits.chars().allMatch(c -> c >= '0' && c <= '9')
              && (digits.charAt(0) != '0' || digits.length() == 1);
      int number = plain ? Integer.parseInt(digits) : -1;
      return number < limit ? number : -1;
    }
  }
}
