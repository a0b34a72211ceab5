package org.kho4j.preflight.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes x86-64 ELF files of sections that are loaded. */
final class ElfBuilder {

  private static final int HEADER = 64;

  private final Map<String, byte[]> sections = new LinkedHashMap<>();

  /** Adds a section. */
  ElfBuilder section(String name, byte[] content) {
    sections.put(name, content);
    return this;
  }

  /** The file. */
  byte[] bytes() {
    sections.put(".shstrtab", new byte[0]);
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    names.write(0);
    Map<String, Integer> at = new LinkedHashMap<>();
    for (String name : sections.keySet()) {
      at.put(name, names.size());
      names.writeBytes((name + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    sections.put(".shstrtab", names.toByteArray());
    int content = sections.values().stream().mapToInt(section -> section.length).sum();
    ByteBuffer file =
        ByteBuffer.allocate(HEADER + content + (sections.size() + 1) * HEADER)
            .order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(0x464c457f).put((byte) 2).put((byte) 1);
    file.putShort(16, (short) 2).putShort(18, (short) 62);
    file.putLong(40, HEADER + content);
    file.putShort(58, (short) HEADER).putShort(60, (short) (sections.size() + 1));
    file.putShort(62, (short) sections.size());
    int offset = HEADER;
    int header = HEADER + content + HEADER;
    for (Map.Entry<String, byte[]> section : sections.entrySet()) {
      file.put(offset, section.getValue());
      file.putInt(header, at.get(section.getKey())).putInt(header + 4, 1);
      file.putLong(header + 8, section.getKey().equals(".shstrtab") ? 0 : 2);
      file.putLong(header + 24, offset).putLong(header + 32, section.getValue().length);
      offset += section.getValue().length;
      header += HEADER;
    }
    return file.array();
  }
}
