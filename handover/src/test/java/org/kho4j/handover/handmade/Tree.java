package org.kho4j.handover.handmade;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A device tree that a test writes by hand: only what KHO needs of the format, version 17. */
public final class Tree {

  private static final int HEADER = 40;
  private static final int RESERVATIONS = 16;

  private final String name;
  private final Map<String, byte[]> properties = new LinkedHashMap<>();
  private final List<Tree> children = new ArrayList<>();

  public Tree(String name) {
    this.name = name;
  }

  /** A root node of a compatible string. */
  public static Tree compatible(String compatible) {
    return new Tree("").text("compatible", compatible);
  }

  public Tree text(String property, String value) {
    return bytes(property, (value + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** A number in KHO's encoding, not FDT's: little-endian. */
  public Tree u64(String property, long value) {
    return bytes(
        property, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  public Tree u32(String property, int value) {
    return bytes(
        property, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  public Tree bytes(String property, byte[] value) {
    properties.put(property, value);
    return this;
  }

  public Tree without(String property) {
    properties.remove(property);
    return this;
  }

  public Tree child(Tree child) {
    children.add(child);
    return this;
  }

  /** The blob. */
  public byte[] blob() {
    ByteArrayOutputStream structure = new ByteArrayOutputStream();
    ByteArrayOutputStream strings = new ByteArrayOutputStream();
    write(structure, strings);
    cell(structure, 9);
    int stringsAt = HEADER + RESERVATIONS + structure.size();
    int total = stringsAt + strings.size();
    return ByteBuffer.allocate(total)
        .putInt(0xd00dfeed)
        .putInt(total)
        .putInt(HEADER + RESERVATIONS)
        .putInt(stringsAt)
        .putInt(HEADER)
        .putInt(17)
        .putInt(16)
        .putInt(0)
        .putInt(strings.size())
        .putInt(structure.size())
        .putLong(0)
        .putLong(0)
        .put(structure.toByteArray())
        .put(strings.toByteArray())
        .array();
  }

  private void write(ByteArrayOutputStream structure, ByteArrayOutputStream strings) {
    cell(structure, 1);
    padded(structure, (name + "\0").getBytes(StandardCharsets.UTF_8));
    properties.forEach((property, value) -> {
      cell(structure, 3);
      cell(structure, value.length);
      cell(structure, strings.size());
      strings.writeBytes((property + "\0").getBytes(StandardCharsets.UTF_8));
      padded(structure, value);
    });
    children.forEach(child -> child.write(structure, strings));
    cell(structure, 2);
  }

  private static void cell(ByteArrayOutputStream out, int value) {
    out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
  }

  private static void padded(ByteArrayOutputStream out, byte[] bytes) {
    out.writeBytes(bytes);
    out.writeBytes(new byte[-bytes.length & 3]);
  }
}
