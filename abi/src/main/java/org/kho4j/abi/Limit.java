package org.kho4j.abi;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToLongFunction;

/**
 * A bound that a kernel enforces or relies on, and that does not follow from a structure's size.
 *
 * @param id a name for tools
 * @param component component that has the limit
 * @param values the bound for each page size
 * @param unit unit of the counted items
 * @param releases the kernel releases that have the bound
 * @param meaning purpose of the limit, and the kernel's behaviour beyond it
 */
public record Limit(
    String id,
    Component component,
    Map<PageSize, Long> values,
    String unit,
    Releases releases,
    String meaning) {

  public Limit {
    if (values.size() != PageSize.values().length) {
      throw new IllegalArgumentException(id + " has " + values.size() + " values");
    }
    values = Collections.unmodifiableMap(new EnumMap<>(values));
  }

  static Limit of(
      String id, Component component, long value, String unit, Releases releases, String meaning) {
    return perPageSize(id, component, size -> value, unit, releases, meaning);
  }

  static Limit perPageSize(
      String id,
      Component component,
      ToLongFunction<PageSize> value,
      String unit,
      Releases releases,
      String meaning) {
    Map<PageSize, Long> values = new EnumMap<>(PageSize.class);
    for (PageSize size : PageSize.values()) {
      values.put(size, value.applyAsLong(size));
    }
    return new Limit(id, component, values, unit, releases, meaning);
  }

  public long value(PageSize pageSize) {
    return Objects.requireNonNull(values.get(pageSize));
  }

  /** Returns whether the bound is the same for every page size. */
  public boolean uniform() {
    return values.values().stream().distinct().count() == 1;
  }
}
