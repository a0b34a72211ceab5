package org.kho4j.preflight.btf;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.kho4j.files.MalformedImageException;

/** Puts BTF together, word by word. */
public final class BtfBuilder {

  private final ByteArrayOutputStream types = new ByteArrayOutputStream();
  private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
  private byte[] layouts = new byte[0];

  public BtfBuilder() {
    strings.write(0);
  }

  /** Where in the strings a name is from now on; 0 for none. */
  public int name(String name) {
    if (name.isEmpty()) {
      return 0;
    }
    int at = strings.size();
    strings.writeBytes((name + "\0").getBytes(StandardCharsets.UTF_8));
    return at;
  }

  /** Adds a type: name, kind, kind_flag, vlen, size or type, and the words behind them. */
  public BtfBuilder type(String name, int kind, boolean flag, int elements, int last, int... more) {
    words(name(name), (flag ? 1 << 31 : 0) | kind << 24 | elements, last);
    return words(more);
  }

  public BtfBuilder words(int... words) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int word : words) {
      bytes.putInt(word);
    }
    byte[] copy = new byte[bytes.capacity()];
    bytes.get(0, copy);
    types.writeBytes(copy);
    return this;
  }

  /** An unsigned integer of four bytes. */
  public BtfBuilder u32() {
    return type("u32", BtfKind.INT, false, 0, 4, 32);
  }

  BtfBuilder layouts(byte[] bytes) {
    layouts = bytes;
    return this;
  }

  public byte[] bytes() {
    int header = layouts.length == 0 ? 24 : 32;
    ByteBuffer bytes =
        ByteBuffer.allocate(header + types.size() + strings.size() + layouts.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putShort((short) 0xeb9f).put((byte) 1).put((byte) 0).putInt(header);
    bytes.putInt(0).putInt(types.size()).putInt(types.size()).putInt(strings.size());
    if (layouts.length > 0) {
      bytes.putInt(types.size() + strings.size()).putInt(layouts.length);
    }
    bytes.put(types.toByteArray()).put(strings.toByteArray()).put(layouts);
    byte[] copy = new byte[bytes.capacity()];
    bytes.get(0, copy);
    return copy;
  }

  public Btf read() throws MalformedImageException {
    return Btf.parse(MemorySegment.ofArray(bytes()), "it");
  }
}
