package org.kho4j.fdt;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Edits a blob in place, byte for byte as libfdt does ({@code fdt_open_into}, {@code
 * fdt_add_subnode}, {@code fdt_setprop}, {@code fdt_delprop}, {@code fdt_del_node}, {@code
 * fdt_pack}). That is how Linux adds a subtree to its root FDT.
 *
 * <p>The layout that results:
 *
 * <ul>
 *   <li>{@link #open} only raises the total size to the buffer's; blocks that are in libfdt's order
 *       stay where they are.
 *   <li>A new node comes first among its parent's children, and a new property first among its
 *       node's properties: later ones stand before earlier ones. A property that exists keeps its
 *       place when it is set.
 *   <li>A property's name that stands in the strings block already, also as another's tail, is used
 *       from there; else it is appended. Names are never removed.
 *   <li>All bytes behind an edit move up or down. What they moved from is not cleared: after
 *       something shrank, its old bytes remain behind the end, and the padding of a value that is
 *       no multiple of 4 holds what was there before.
 *   <li>{@link #pack} moves the reserve map to 40, the structure block and the strings close behind
 *       it, and lowers the total size to what is used.
 * </ul>
 *
 * <p>Where libfdt differs: an edit that fails here changes nothing, while a {@code fdt_setprop}
 * without room may leave a new name in the unused bytes; and libfdt takes a child {@code a@1} for
 * an {@code a} that is to be added.
 *
 * <p>The buffer is checked once, by {@link #open}, and must not be changed by others between the
 * edits. Not for several threads.
 */
public final class FdtEditor {

  private final MemorySegment buffer;
  private final FdtStructure structure;

  private FdtEditor(MemorySegment buffer) {
    this.buffer = buffer;
    this.structure = new FdtStructure(buffer);
  }

  /**
   * Opens a blob for editing in place.
   *
   * @param buffer starts with the blob; its size bounds what the blob may become
   * @throws FdtException if the blob is not well-formed
   */
  public static FdtEditor open(MemorySegment buffer) {
    if (buffer.isReadOnly() || buffer.byteSize() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a buffer is writable and has at most %d bytes, and this one has %d%s"
              .formatted(
                  Integer.MAX_VALUE,
                  buffer.byteSize(),
                  buffer.isReadOnly() ? " and is read-only" : ""));
    }
    FdtReader reader = new FdtReader(buffer);
    reader.read();
    FdtHeader header = reader.header();
    FdtEditor editor = new FdtEditor(buffer);
    long reserveMapSize = editor.reserveMapSize();
    long structSize = reader.structSize();
    if (header.reserveMapOffset() < Fdt.HEADER_SIZE
        || header.structOffset() < header.reserveMapOffset() + reserveMapSize
        || header.stringsOffset() < header.structOffset() + structSize) {
      editor.reorder(header, reserveMapSize, structSize);
    }
    editor.set(FdtHeader.VERSION_OFFSET, FdtHeader.VERSION);
    editor.set(FdtHeader.STRUCT_SIZE, structSize);
    editor.set(FdtHeader.TOTAL_SIZE, buffer.byteSize());
    return editor;
  }

  /** Returns the root node. */
  public Node root() {
    return new Node(List.of());
  }

  /** Returns the current tree; its values change with further edits of the buffer. */
  public FdtNode read() {
    return Fdt.read(buffer);
  }

  /**
   * Gives back the room that is not used: to add anything more, {@link #open} the buffer again.
   *
   * @return the blob: the first bytes of the buffer
   */
  public MemorySegment pack() {
    long reserveMapSize = reserveMapSize();
    long structSize = get(FdtHeader.STRUCT_SIZE);
    long structOffset = Fdt.HEADER_SIZE + reserveMapSize;
    long stringsOffset = structOffset + structSize;
    move(get(FdtHeader.RESERVE_MAP_OFFSET), Fdt.HEADER_SIZE, reserveMapSize);
    move(get(FdtHeader.STRUCT_OFFSET), structOffset, structSize);
    move(get(FdtHeader.STRINGS_OFFSET), stringsOffset, get(FdtHeader.STRINGS_SIZE));
    set(FdtHeader.RESERVE_MAP_OFFSET, Fdt.HEADER_SIZE);
    set(FdtHeader.STRUCT_OFFSET, structOffset);
    set(FdtHeader.STRINGS_OFFSET, stringsOffset);
    set(FdtHeader.TOTAL_SIZE, dataSize());
    return buffer.asSlice(0, dataSize());
  }

  /** A node of the blob, by its path: it stays valid through edits elsewhere. */
  public final class Node {

    private final List<byte[]> path;

    private Node(List<byte[]> path) {
      this.path = path;
    }

    /**
     * Returns a child that exists.
     *
     * @throws NoSuchElementException if it does not
     */
    public Node child(String name) {
      Node child = below(FdtName.encodeNonEmpty(name, "node"));
      child.offset();
      return child;
    }

    /**
     * Adds a node, first among the children.
     *
     * @throws IllegalArgumentException if there is one of that name
     * @throws FdtException if there is no room; nothing has changed then
     */
    public Node addSubnode(String name) {
      byte[] bytes = FdtName.encodeNonEmpty(name, "node");
      long node = offset();
      if (structure.child(node, bytes) >= 0) {
        throw new IllegalArgumentException("the node \"%s\" already exists".formatted(name));
      }
      if (path.size() + 1 == Fdt.MAX_DEPTH) {
        throw new IllegalStateException(
            "a node is more than %d levels deep".formatted(Fdt.MAX_DEPTH));
      }
      long nameSize = FdtTag.align(bytes.length);
      long at = structure.endOfProperties(node);
      spliceStructure(at, 0, FdtTag.SIZE + nameSize + FdtTag.SIZE);
      buffer.set(FdtHeader.WORD, at, FdtTag.BEGIN_NODE);
      buffer.asSlice(at + FdtTag.SIZE, nameSize).fill((byte) 0);
      put(at + FdtTag.SIZE, MemorySegment.ofArray(bytes));
      buffer.set(FdtHeader.WORD, at + FdtTag.SIZE + nameSize, FdtTag.END_NODE);
      return below(bytes);
    }

    /**
     * Gives a property its value: in its place if it exists, else as the first.
     *
     * @return this node
     * @throws FdtException if there is no room; nothing has changed then
     */
    public Node set(FdtProperty property) {
      byte[] name = FdtName.encodeNonEmpty(property.name(), "property");
      long node = offset();
      MemorySegment value = apart(property.value());
      long length = value.byteSize();
      long at = structure.property(node, get(FdtHeader.STRINGS_OFFSET), name);
      if (at >= 0) {
        long oldSize = FdtTag.align(structure.valueLength(at));
        spliceStructure(at + FdtTag.PROP_HEADER_SIZE, oldSize, FdtTag.align(length));
      } else {
        at = structure.next(node);
        long size = FdtTag.PROP_HEADER_SIZE + FdtTag.align(length);
        long nameOffset = findOrAppendString(name, size);
        spliceStructure(at, 0, size);
        buffer.set(FdtHeader.WORD, at, FdtTag.PROP);
        buffer.set(FdtHeader.WORD, at + 2 * FdtTag.SIZE, (int) nameOffset);
      }
      buffer.set(FdtHeader.WORD, at + FdtTag.SIZE, (int) length);
      put(at + FdtTag.PROP_HEADER_SIZE, value);
      return this;
    }

    /**
     * Removes a property; its name stays in the strings block.
     *
     * @return this node
     * @throws NoSuchElementException if there is none of that name
     */
    public Node removeProperty(String propertyName) {
      byte[] name = FdtName.encodeNonEmpty(propertyName, "property");
      long at = structure.property(offset(), get(FdtHeader.STRINGS_OFFSET), name);
      if (at < 0) {
        throw new NoSuchElementException("no property \"%s\"".formatted(propertyName));
      }
      spliceStructure(at, structure.next(at) - at, 0);
      return this;
    }

    /** Removes this node, which is not the root, with all that is in it. */
    public void remove() {
      if (path.isEmpty()) {
        throw new IllegalStateException("the root cannot be removed");
      }
      long at = offset();
      spliceStructure(at, structure.endOfNode(at) - at, 0);
    }

    private Node below(byte[] name) {
      List<byte[]> childPath = new ArrayList<>(path);
      childPath.add(name);
      return new Node(childPath);
    }

    private long offset() {
      long at = get(FdtHeader.STRUCT_OFFSET);
      while (structure.tag(at) == FdtTag.NOP) {
        at = structure.next(at);
      }
      for (byte[] name : path) {
        at = structure.child(at, name);
        if (at < 0) {
          throw new NoSuchElementException(
              "no node \"%s\"".formatted(new String(name, 0, name.length - 1, UTF_8)));
        }
      }
      return at;
    }
  }

  private long findOrAppendString(byte[] name, long sizeToFollow) {
    long stringsSize = get(FdtHeader.STRINGS_SIZE);
    long found = FdtName.find(buffer.asSlice(get(FdtHeader.STRINGS_OFFSET), stringsSize), name);
    if (found >= 0) {
      return found;
    }
    checkRoom(name.length + sizeToFollow);
    put(dataSize(), MemorySegment.ofArray(name));
    set(FdtHeader.STRINGS_SIZE, stringsSize + name.length);
    return stringsSize;
  }

  private void spliceStructure(long at, long oldSize, long newSize) {
    checkRoom(newSize - oldSize);
    move(at + oldSize, at + newSize, dataSize() - at - oldSize);
    set(FdtHeader.STRUCT_SIZE, get(FdtHeader.STRUCT_SIZE) + newSize - oldSize);
    set(FdtHeader.STRINGS_OFFSET, get(FdtHeader.STRINGS_OFFSET) + newSize - oldSize);
  }

  private void checkRoom(long size) {
    long room = get(FdtHeader.TOTAL_SIZE) - dataSize();
    if (size > room) {
      throw FdtBuilder.noSpace(dataSize(), size, room);
    }
  }

  private void reorder(FdtHeader header, long reserveMapSize, long structSize) {
    long structOffset = Fdt.HEADER_SIZE + reserveMapSize;
    long stringsOffset = structOffset + structSize;
    long needed = stringsOffset + header.stringsSize();
    if (needed > buffer.byteSize()) {
      throw FdtBuilder.noSpace(0, needed, buffer.byteSize());
    }
    MemorySegment old =
        MemorySegment.ofArray(buffer.asSlice(0, header.totalSize()).toArray(ValueLayout.JAVA_BYTE));
    put(Fdt.HEADER_SIZE, old.asSlice(header.reserveMapOffset(), reserveMapSize));
    put(structOffset, old.asSlice(header.structOffset(), structSize));
    put(stringsOffset, old.asSlice(header.stringsOffset(), header.stringsSize()));
    set(FdtHeader.RESERVE_MAP_OFFSET, Fdt.HEADER_SIZE);
    set(FdtHeader.STRUCT_OFFSET, structOffset);
    set(FdtHeader.STRINGS_OFFSET, stringsOffset);
    set(FdtHeader.LAST_COMPATIBLE_OFFSET, FdtHeader.COMPATIBLE_VERSION);
  }

  private long reserveMapSize() {
    return (Fdt.reservations(buffer).size() + 1L) * FdtHeader.RESERVE_ENTRY_SIZE;
  }

  private long dataSize() {
    return get(FdtHeader.STRINGS_OFFSET) + get(FdtHeader.STRINGS_SIZE);
  }

  /**
   * Returns a value that is not in the buffer: a value in the buffer itself would move before it is
   * copied.
   */
  private MemorySegment apart(MemorySegment value) {
    return value.asOverlappingSlice(buffer).isPresent()
        ? MemorySegment.ofArray(value.toArray(ValueLayout.JAVA_BYTE))
        : value;
  }

  private void move(long from, long to, long size) {
    MemorySegment.copy(buffer, from, buffer, to, size);
  }

  private void put(long offset, MemorySegment bytes) {
    MemorySegment.copy(bytes, 0, buffer, offset, bytes.byteSize());
  }

  private long get(int field) {
    return Integer.toUnsignedLong(buffer.get(FdtHeader.WORD, field));
  }

  private void set(int field, long value) {
    buffer.set(FdtHeader.WORD, field, (int) value);
  }
}
