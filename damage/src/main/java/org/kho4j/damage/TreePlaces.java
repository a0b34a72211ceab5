package org.kho4j.damage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.memory.PhysicalMemory;

/** The fields of a flattened device tree: of its header, its nodes, its properties. */
final class TreePlaces {

  private static final ValueLayout.OfInt CELL =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final String[] HEADER = {
    "magic",
    "totalsize",
    "off_dt_struct",
    "off_dt_strings",
    "off_mem_rsvmap",
    "version",
    "last_comp_version",
    "boot_cpuid_phys",
    "size_dt_strings",
    "size_dt_struct"
  };
  private static final int BEGIN_NODE = 1;
  private static final int PROPERTY = 3;
  private static final int END = 9;

  private final String name;
  private final long address;
  private final MemorySegment tree;
  private final List<MetadataPlace> places = new ArrayList<>();

  private TreePlaces(PhysicalMemory memory, String name, long address) {
    this.name = name;
    this.address = address;
    this.tree = memory.read(address, memory.read(address, 8).get(CELL, 4));
  }

  static List<MetadataPlace> of(PhysicalMemory memory, String name, long address) {
    TreePlaces found = new TreePlaces(memory, name, address);
    found.all();
    return found.places;
  }

  private void add(String field, long offset, int bytes, boolean bigEndian) {
    places.add(new MetadataPlace(name, field, address + offset, bytes, bigEndian));
  }

  private void all() {
    for (int i = 0; i < HEADER.length; i++) {
      add(HEADER[i], 4L * i, 4, true);
    }
    long strings = tree.get(CELL, 12);
    long at = tree.get(CELL, 8);
    for (int token = tree.get(CELL, at); token != END; token = tree.get(CELL, at)) {
      add("token", at, 4, true);
      at += 4;
      if (token == BEGIN_NODE) {
        int length = length(at);
        bytes("node's name", at, length);
        at += (length + 4) & -4;
      } else if (token == PROPERTY) {
        add("property's len", at, 4, true);
        add("property's nameoff", at + 4, 4, true);
        int length = tree.get(CELL, at);
        property(tree.get(CELL, at + 4) + strings, at + 8, length);
        at += 8 + ((length + 3L) & -4);
      }
    }
    add("token", at, 4, true);
    bytes("strings", strings, tree.get(CELL, 32));
  }

  private void property(long nameAt, long at, int length) {
    String property = tree.getString(nameAt, StandardCharsets.ISO_8859_1);
    if (property.equals("compatible")) {
      bytes("property compatible", at, length);
    } else {
      add("property " + property, at, Math.min(8, length), false);
    }
  }

  private void bytes(String field, long at, int length) {
    for (int i = 0; i < length; i++) {
      add(field, at + i, 1, false);
    }
  }

  private int length(long at) {
    int length = 0;
    while (tree.get(ValueLayout.JAVA_BYTE, at + length) != 0) {
      length++;
    }
    return length;
  }
}
