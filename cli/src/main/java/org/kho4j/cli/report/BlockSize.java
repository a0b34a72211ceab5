package org.kho4j.cli.report;

import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Units;

/** Orders of preserved blocks, as the picture of memory tells apart. */
enum BlockSize {
  PAGE(0, 0),
  SMALL(1, 1),
  MEDIUM(2, 4),
  LARGE(3, 9),
  HUGE(4, 13);

  /** By their numbers. */
  static final List<BlockSize> ALL = List.of(values());

  private final int number;
  private final int first;

  BlockSize(int number, int first) {
    this.number = number;
    this.first = first;
  }

  /** From 0 on, without gaps. */
  int number() {
    return number;
  }

  static BlockSize of(int order) {
    BlockSize found = PAGE;
    for (BlockSize size : ALL) {
      found = order >= size.first ? size : found;
    }
    return found;
  }

  /** The blocks' sizes, as in {@code "8 KiB to 32 KiB"}. */
  String label(PageSize pageSize) {
    String least = Units.size(pageSize.blockBytes(first));
    if (this == PAGE) {
      return least;
    }
    return this == HUGE
        ? least + " and more"
        : least + " to " + Units.size(pageSize.blockBytes(ALL.get(number + 1).first - 1));
  }

  /** The class that the style sheet knows it by. */
  String style() {
    return "z-" + number;
  }
}
