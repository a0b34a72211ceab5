package org.kho4j.preflight.btf;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code bpftool btf dump file FILE format raw} prints, and every structure worked out of that
 * text, without any of the reader's code.
 */
final class BpftoolDump {

  private static final Pattern TYPE = Pattern.compile("\\[(\\d+)\\] (\\w+) '(.*?)'(.*)");
  private static final Pattern MEMBER =
      Pattern.compile("\t'(.*?)' type_id=(\\d+) bits_offset=(\\d+)(?: bitfield_size=(\\d+))?");

  private record Member(String name, int type, long offset, long bits) {}

  private record Type(String kind, String name, Map<String, Long> values, List<Member> members) {
    long value(String key) {
      return values.getOrDefault(key, 0L);
    }
  }

  /** A structure's field, as far as bpftool tells it. */
  record FieldPlace(String name, long bitOffset, long bitSize) {}

  private final Map<Integer, Type> types = new LinkedHashMap<>();

  BpftoolDump(String text) {
    Type type = null;
    for (String line : text.split("\n", -1)) {
      Matcher header = TYPE.matcher(line);
      Matcher member = MEMBER.matcher(line);
      if (header.matches()) {
        String name = header.group(3).equals("(anon)") ? "" : header.group(3);
        type = new Type(header.group(2), name, values(header.group(4)), new ArrayList<>());
        types.put(Integer.parseInt(header.group(1)), type);
      } else if (type != null && member.matches()) {
        String name = member.group(1).equals("(anon)") ? "" : member.group(1);
        String bits = member.group(4);
        type.members.add(
            new Member(
                name,
                Integer.parseInt(member.group(2)),
                Long.parseLong(member.group(3)),
                bits == null ? 0 : Long.parseLong(bits)));
      }
    }
  }

  private static Map<String, Long> values(String text) {
    Map<String, Long> values = new LinkedHashMap<>();
    for (String word : text.strip().split(" ", -1)) {
      int equals = word.indexOf('=');
      if (equals > 0 && word.substring(equals + 1).matches("\\d+")) {
        values.put(word.substring(0, equals), Long.parseLong(word.substring(equals + 1)));
      }
    }
    return values;
  }

  int typeCount() {
    return types.size();
  }

  /** Every structure and union with a tag, in order: its keyword, tag and size, then its fields. */
  Map<String, List<FieldPlace>> structs() {
    Map<String, List<FieldPlace>> structs = new LinkedHashMap<>();
    types.forEach((number, type) -> {
      if (isStruct(type) && !type.name.isEmpty()) {
        List<FieldPlace> fields = new ArrayList<>();
        addFields(fields, type, 0);
        structs.put(
            structs.size() + " " + type.kind + " " + type.name + " " + type.value("size"), fields);
      }
    });
    return structs;
  }

  private static boolean isStruct(Type type) {
    return type.kind.equals("STRUCT") || type.kind.equals("UNION");
  }

  private Type resolve(int number) {
    Type type = types.get(number);
    while (type.kind.matches("TYPEDEF|CONST|VOLATILE|RESTRICT|TYPE_TAG")) {
      type = types.get((int) type.value("type_id"));
    }
    return type;
  }

  private void addFields(List<FieldPlace> fields, Type struct, long base) {
    for (Member member : struct.members) {
      Type type = resolve(member.type);
      if (member.name.isEmpty() && isStruct(type)) {
        addFields(fields, type, base + member.offset);
      } else {
        long bits = member.bits != 0 ? member.bits : bits(type);
        fields.add(new FieldPlace(member.name, base + member.offset, bits));
      }
    }
  }

  private long bits(Type type) {
    return switch (type.kind) {
      case "PTR" -> 64;
      case "INT" -> type.value("nr_bits");
      case "ARRAY" -> {
        Type element = resolve((int) type.value("type_id"));
        yield type.value("nr_elems")
            * (element.kind.equals("INT") ? 8 * element.value("size") : bits(element));
      }
      default -> 8 * type.value("size");
    };
  }
}
