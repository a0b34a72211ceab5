package org.kho4j.memory.elf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/** Reads the kernel's VMCOREINFO text: lines of the form {@code NAME=value}. */
final class Vmcoreinfo {

  private static final String PAGE_SIZE = "PAGESIZE=";

  private Vmcoreinfo() {}

  /** Returns the page size, if the text has one that a Linux machine can have. */
  static OptionalInt pageSize(MemorySegment text) {
    String lines = new String(text.toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1);
    for (String line : lines.split("\n", -1)) {
      if (line.startsWith(PAGE_SIZE)) {
        return switch (line.substring(PAGE_SIZE.length())) {
          case "4096" -> OptionalInt.of(4096);
          case "16384" -> OptionalInt.of(16384);
          case "65536" -> OptionalInt.of(65536);
          default -> OptionalInt.empty();
        };
      }
    }
    return OptionalInt.empty();
  }
}
