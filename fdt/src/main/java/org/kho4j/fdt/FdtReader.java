package org.kho4j.fdt;

import static org.kho4j.fdt.FdtError.BAD_NAME;
import static org.kho4j.fdt.FdtError.BAD_NESTING;
import static org.kho4j.fdt.FdtError.BAD_PROPERTY;
import static org.kho4j.fdt.FdtError.BAD_TAG;
import static org.kho4j.fdt.FdtError.DUPLICATE;
import static org.kho4j.fdt.FdtError.TRUNCATED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A single pass over a structure block. */
final class FdtReader {

  private final MemorySegment blob;
  private final FdtHeader header;
  private final long end;

  /** Open nodes, the innermost first. */
  private final Deque<OpenNode> open = new ArrayDeque<>();

  /** A String for each place in the strings block, however many properties refer to it. */
  private final Map<Long, String> propertyNames = new HashMap<>();

  private @Nullable FdtNode root;

  /** The token behind the last one; once all is read, the end of FDT_END. */
  private long at;

  FdtReader(MemorySegment segment) {
    header = FdtHeader.read(segment).checkLayout(segment);
    blob = segment.asSlice(0, header.totalSize()).asReadOnly();
    at = header.structOffset();
    end = header.structOffset() + header.structSize();
  }

  FdtHeader header() {
    return header;
  }

  /** Bytes of the structure block that was read, which version 16 has not got in its header. */
  long structSize() {
    return at - header.structOffset();
  }

  FdtNode read() {
    while (true) {
      long token = at;
      if (end - token < FdtTag.SIZE) {
        throw fail(
            TRUNCATED, token, "the structure block ends at 0x%x without FDT_END".formatted(end));
      }
      int tag = blob.get(FdtHeader.WORD, token);
      at += FdtTag.SIZE;
      switch (tag) {
        case FdtTag.BEGIN_NODE -> beginNode(token);
        case FdtTag.END_NODE -> endNode(token);
        case FdtTag.PROP -> property(token);
        case FdtTag.NOP -> {}
        case FdtTag.END -> {
          return finish(token);
        }
        default -> throw fail(BAD_TAG, token, "0x%08x is not a token".formatted(tag));
      }
    }
  }

  private void beginNode(long token) {
    OpenNode parent = open.peek();
    if (parent == null && root != null) {
      throw fail(BAD_NESTING, token, "there is a second root node");
    }
    if (open.size() == Fdt.MAX_DEPTH) {
      throw fail(BAD_NESTING, token, "a node is more than %d levels deep".formatted(Fdt.MAX_DEPTH));
    }
    String name = name(at, end, "node");
    at = FdtTag.align(at + name.getBytes(StandardCharsets.UTF_8).length + 1);
    if (parent == null && !name.isEmpty()) {
      throw fail(BAD_NAME, token, "the root has the name \"%s\"".formatted(name));
    }
    if (parent != null && name.isEmpty()) {
      throw fail(BAD_NAME, token, "a node has no name");
    }
    if (parent != null && !parent.childNames.add(name)) {
      throw fail(DUPLICATE, token, "the node \"%s\" is here twice".formatted(name));
    }
    open.push(new OpenNode(name));
  }

  private void endNode(long token) {
    OpenNode closed = open.peek();
    if (closed == null) {
      throw fail(BAD_NESTING, token, "FDT_END_NODE, but no node is open");
    }
    open.pop();
    FdtNode node = new FdtNode(closed.name, closed.properties, closed.children);
    OpenNode parent = open.peek();
    if (parent == null) {
      root = node;
    } else {
      parent.children.add(node);
    }
  }

  private void property(long token) {
    OpenNode node = open.peek();
    if (node == null) {
      throw fail(BAD_PROPERTY, token, "a property is outside of a node");
    }
    if (end - token < FdtTag.PROP_HEADER_SIZE) {
      throw fail(
          BAD_PROPERTY,
          token,
          "a property's header of %d bytes extends beyond the structure block's end at 0x%x"
              .formatted(FdtTag.PROP_HEADER_SIZE, end));
    }
    long length = Integer.toUnsignedLong(blob.get(FdtHeader.WORD, at));
    long nameOffset = Integer.toUnsignedLong(blob.get(FdtHeader.WORD, at + FdtTag.SIZE));
    long value = token + FdtTag.PROP_HEADER_SIZE;
    String name = propertyName(token, nameOffset);
    if (!node.children.isEmpty()) {
      throw fail(BAD_TAG, token, "the property \"%s\" follows a node".formatted(name));
    }
    if (length > end - value) {
      throw fail(
          BAD_PROPERTY,
          token,
          "the property \"%s\" of %d bytes extends beyond the structure block's end at 0x%x"
              .formatted(name, length, end));
    }
    if (!node.propertyNames.add(name)) {
      throw fail(DUPLICATE, token, "the property \"%s\" is here twice".formatted(name));
    }
    node.properties.add(new FdtProperty(name, blob.asSlice(value, length)));
    at = FdtTag.align(value + length);
  }

  private FdtNode finish(long token) {
    if (!open.isEmpty()) {
      throw fail(BAD_NESTING, token, "FDT_END, but %d nodes are still open".formatted(open.size()));
    }
    if (root == null) {
      throw fail(BAD_TAG, token, "FDT_END, but there was no node");
    }
    if (at != end && header.version() >= FdtHeader.VERSION) {
      throw fail(
          BAD_TAG, token, "FDT_END, but the structure block continues to 0x%x".formatted(end));
    }
    return root;
  }

  private String propertyName(long token, long nameOffset) {
    String known = propertyNames.get(nameOffset);
    if (known != null) {
      return known;
    }
    if (nameOffset >= header.stringsSize()) {
      throw fail(
          BAD_NAME,
          token,
          "a property's name is at 0x%x of a strings block of 0x%x bytes"
              .formatted(nameOffset, header.stringsSize()));
    }
    long strings = header.stringsOffset();
    String name = name(strings + nameOffset, strings + header.stringsSize(), "property");
    if (name.isEmpty()) {
      throw fail(BAD_NAME, token, "a property has no name");
    }
    propertyNames.put(nameOffset, name);
    return name;
  }

  private String name(long start, long limit, String owner) {
    long bound = Math.min(limit, start + Fdt.MAX_NAME_LENGTH + 1);
    long nul = start;
    while (nul < bound && blob.get(ValueLayout.JAVA_BYTE, nul) != 0) {
      nul++;
    }
    if (nul == bound) {
      throw fail(
          BAD_NAME,
          start,
          bound == limit
              ? "a %s name is not terminated before its block's end at 0x%x".formatted(owner, limit)
              : "a %s name is longer than %d bytes".formatted(owner, Fdt.MAX_NAME_LENGTH));
    }
    byte[] bytes = blob.asSlice(start, nul - start).toArray(ValueLayout.JAVA_BYTE);
    try {
      String name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (name.chars().anyMatch(Character::isISOControl)) {
        throw fail(BAD_NAME, start, "a %s name has control characters".formatted(owner));
      }
      return name;
    } catch (CharacterCodingException _) {
      throw fail(BAD_NAME, start, "a %s name is neither ASCII nor UTF-8".formatted(owner));
    }
  }

  private FdtException fail(FdtError error, long offset, String what) {
    StringBuilder path = new StringBuilder();
    for (OpenNode node : open.reversed()) {
      if (!node.name.isEmpty()) {
        path.append('/').append(node.name);
      }
    }
    return new FdtException(
        error,
        offset,
        "%s: %s, at 0x%x of the blob".formatted(path.isEmpty() ? "/" : path, what, offset));
  }

  private static final class OpenNode {
    final String name;
    final List<FdtProperty> properties = new ArrayList<>(0);
    final List<FdtNode> children = new ArrayList<>(0);
    final Set<String> propertyNames = new HashSet<>(0);
    final Set<String> childNames = new HashSet<>(0);

    OpenNode(String name) {
      this.name = name;
    }
  }
}
