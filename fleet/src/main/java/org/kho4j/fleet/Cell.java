package org.kho4j.fleet;

import java.io.Serializable;
import java.util.List;

/**
 * The verdict on a content and a kernel.
 *
 * @param kernel its label
 * @param verdict as {@code kho preflight} calls it; empty where the pair cannot be judged
 * @param unknown parts whose fate is not known
 * @param because the reason of the worst part, or why the pair cannot be judged; empty for ok
 */
record Cell(String kernel, String verdict, long unknown, String because, List<PartCell> parts)
    implements Serializable {

  /**
   * A part of the handover, with its verdict.
   *
   * @param from the version that is handed over; empty where it has none
   * @param to the version that the kernel takes; empty where it has none
   */
  record PartCell(String name, String from, String to, String verdict, String because)
      implements Serializable {}

  Cell {
    parts = List.copyOf(parts);
  }
}
