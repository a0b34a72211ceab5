package org.kho4j.fdt;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Puts blobs together word by word, so that they can be wrong. */
final class RawBlob {

  private final ByteArrayOutputStream struct = new ByteArrayOutputStream();
  private final Map<Integer, Integer> overrides = new HashMap<>();
  private byte[] strings = {};

  RawBlob words(int... words) {
    for (int word : words) {
      struct.writeBytes(ByteBuffer.allocate(4).putInt(word).array());
    }
    return this;
  }

  /** Characters are bytes; padded with zeros. */
  RawBlob text(String text) {
    struct.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    while (struct.size() % 4 != 0) {
      struct.write(0);
    }
    return this;
  }

  RawBlob begin(String name) {
    return words(FdtTag.BEGIN_NODE).text(name + '\0');
  }

  RawBlob end() {
    return words(FdtTag.END_NODE);
  }

  RawBlob prop(int nameOffset, String value) {
    return words(FdtTag.PROP, value.length(), nameOffset).text(value);
  }

  RawBlob strings(String text) {
    strings = text.getBytes(StandardCharsets.ISO_8859_1);
    return this;
  }

  /** Replaces a word, of the header or of any other place. */
  RawBlob word(int offset, int value) {
    overrides.put(offset, value);
    return this;
  }

  /** The structure block starts at 56. */
  MemorySegment build() {
    int size = 56 + struct.size() + strings.length;
    ByteBuffer blob = ByteBuffer.allocate(Math.max(size, 60));
    blob.putInt(Fdt.MAGIC).putInt(size).putInt(56).putInt(56 + struct.size()).putInt(40);
    blob.putInt(17).putInt(16).putInt(0).putInt(strings.length).putInt(struct.size());
    blob.put(56, struct.toByteArray()).put(56 + struct.size(), strings);
    overrides.forEach(blob::putInt);
    return MemorySegment.ofArray(blob.array()).asSlice(0, size);
  }
}
