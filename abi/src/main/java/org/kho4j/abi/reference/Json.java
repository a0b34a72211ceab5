package org.kho4j.abi.reference;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes nested maps and lists of strings and numbers as indented JSON. */
final class Json {

  private final StringBuilder out = new StringBuilder();

  private Json() {}

  static String write(Object value) {
    Json json = new Json();
    json.value(value, 0);
    return json.out.append('\n').toString();
  }

  private void value(Object value, int depth) {
    switch (value) {
      case Map<?, ?> map -> map(map, depth);
      case List<?> list -> list(list, depth);
      case Number number -> out.append(number);
      case Boolean flag -> out.append(flag);
      default -> string(value.toString());
    }
  }

  private void map(Map<?, ?> map, int depth) {
    out.append('{');
    boolean flat = map.values().stream().noneMatch(it -> it instanceof Map || it instanceof List);
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      separate(flat, depth + 1);
      string(entry.getKey().toString());
      out.append(": ");
      value(entry.getValue(), depth + 1);
      out.append(entries.hasNext() ? "," : "");
    }
    close(flat || map.isEmpty(), depth, '}');
  }

  private void list(List<?> list, int depth) {
    out.append('[');
    boolean flat = list.stream().noneMatch(it -> it instanceof Map || it instanceof List);
    Iterator<?> items = list.iterator();
    while (items.hasNext()) {
      separate(flat, depth + 1);
      value(items.next(), depth + 1);
      out.append(items.hasNext() ? "," : "");
    }
    close(flat || list.isEmpty(), depth, ']');
  }

  private void separate(boolean flat, int depth) {
    out.append(flat ? " " : "\n" + "  ".repeat(depth));
  }

  private void close(boolean flat, int depth, char bracket) {
    out.append(flat ? " " : "\n" + "  ".repeat(depth)).append(bracket);
  }

  private void string(String text) {
    out.append('"')
        .append(
            text.replace("\\", "\\\\")
                .replace("\"", "\\\"")
                .replace("\n", "\\n")
                .replace("\t", "\\t"))
        .append('"');
  }
}
