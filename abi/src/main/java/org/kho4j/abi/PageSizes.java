package org.kho4j.abi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What depends on the page size, in the form of {@link ContractDocument}. */
final class PageSizes {

  private PageSizes() {}

  static List<Map<String, Object>> describe() {
    List<Map<String, Object>> out = new ArrayList<>();
    for (PageSize size : PageSize.values()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", size.label());
      one.put("bytes", size.bytes());
      one.put("shift", size.shift());
      out.add(one);
    }
    return out;
  }

  static Map<String, Object> each(Function<PageSize, ? extends Number> value) {
    Map<String, Object> out = new LinkedHashMap<>();
    for (PageSize size : PageSize.values()) {
      out.put(size.label(), value.apply(size));
    }
    return out;
  }

  static Map<String, Object> map(KhoVersion.MapForm form) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("form", form.label());
    if (form.isRadix()) {
      Map<String, Object> trees = new LinkedHashMap<>();
      for (PageSize size : PageSize.values()) {
        trees.put(size.label(), radix(form, size));
      }
      out.put("radix", trees);
    }
    return out;
  }

  private static Map<String, Object> radix(KhoVersion.MapForm form, PageSize size) {
    int depth = form.depth(size);
    List<Map<String, Object>> levels = new ArrayList<>();
    for (int level = 0; level < depth; level++) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("level", level);
      one.put("shift", KhoRadix.levelShift(size, level));
      one.put("bits", level == 0 ? KhoRadix.leafBits(size) : KhoRadix.tableBits(size));
      levels.add(one);
    }
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("depth", depth);
    out.put("orderZeroBit", KhoRadix.orderZeroBit(size));
    out.put("maxOrder", KhoRadix.maxOrder(size));
    out.put("levels", levels);
    out.put("rootSlots", List.copyOf(KhoRadix.rootSlots(size, depth)));
    return out;
  }
}
