package org.kho4j.memory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Builds small ELF cores: header, program headers, then the contents one after the other. */
public final class ElfCoreBuilder {

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Header(int type, long address, byte[] content, long memorySize) {}

  private final List<Header> headers = new ArrayList<>();
  private boolean extendedNumbering;

  /** Starts with no segment. */
  public ElfCoreBuilder() {}

  /** A PT_LOAD whose memory is all in the file. */
  public ElfCoreBuilder load(long address, byte[] content) {
    return load(address, content, content.length);
  }

  /** A PT_LOAD that has more memory than the file has of it. */
  public ElfCoreBuilder load(long address, byte[] content, long memorySize) {
    headers.add(new Header(1, address, content, memorySize));
    return this;
  }

  /** A PT_NOTE with one note. */
  public ElfCoreBuilder note(String name, String text) {
    byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] textBytes = text.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer note =
        ByteBuffer.allocate(12 + (nameBytes.length + 3 & ~3) + (textBytes.length + 3 & ~3))
            .order(ByteOrder.LITTLE_ENDIAN);
    note.putInt(nameBytes.length).putInt(textBytes.length).putInt(0);
    note.put(12, nameBytes).put(12 + (nameBytes.length + 3 & ~3), textBytes);
    headers.add(new Header(4, 0, note.array(), 0));
    return this;
  }

  /** The number of program headers goes into a section header, as it has to for 65535 and more. */
  public ElfCoreBuilder withExtendedNumbering() {
    extendedNumbering = true;
    return this;
  }

  /** The file. */
  public ByteBuffer build() {
    int section = 64 + 56 * headers.size();
    int size = section + 64 + headers.stream().mapToInt(h -> h.content.length).sum();
    ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    file.putShort(16, (short) 4).putShort(18, (short) 62).putInt(20, 1);
    file.putLong(32, 64).putShort(52, (short) 64).putShort(54, (short) 56);
    file.putShort(56, (short) headers.size());
    if (extendedNumbering) {
      file.putLong(40, section).putShort(56, (short) 0xffff).putInt(section + 44, headers.size());
    }
    int at = 64;
    int content = section + 64;
    for (Header header : headers) {
      file.putInt(at, header.type).putLong(at + 8, content).putLong(at + 24, header.address);
      file.putLong(at + 32, header.content.length).putLong(at + 40, header.memorySize);
      file.put(content, header.content);
      content += header.content.length;
      at += 56;
    }
    return file.clear();
  }

  /** The file, written. */
  public Path write(Path path) throws IOException {
    return Files.write(path, build().array());
  }
}
