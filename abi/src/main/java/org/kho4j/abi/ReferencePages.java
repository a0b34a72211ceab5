package org.kho4j.abi;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kho4j.abi.reference.Page;

/**
 * The reference pages under {@code docs/abi/}: the contract for people, and as {@code abi.json} for
 * machines. Every number in their tables comes from the classes of this package.
 */
public final class ReferencePages {

  /** The pages of prose, in reading order. */
  private static final List<String> PAGES =
      List.of(
          "README.md",
          "versions.md",
          "boot.md",
          "root.md",
          "map-radix.md",
          "map-bitmaps.md",
          "vmalloc.md",
          "blocks.md",
          "luo.md",
          "memfd.md",
          "clients.md",
          "lifetimes.md",
          "checks.md",
          "walkthrough.md",
          "walkthrough-luo.md");

  private ReferencePages() {}

  /** Every page by file name, in reading order; the same for every run and machine. */
  public static Map<String, String> all() {
    Map<String, String> pages = new LinkedHashMap<>();
    for (String page : PAGES) {
      pages.put(page, Page.render(page));
    }
    pages.put("abi.json", Page.json());
    return pages;
  }
}
