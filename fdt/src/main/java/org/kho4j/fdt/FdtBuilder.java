package org.kho4j.fdt;

import static org.kho4j.fdt.FdtError.NO_SPACE;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes a tree from front to back into a buffer, byte for byte as libfdt's sequential writer
 * ({@code fdt_create} to {@code fdt_finish}) does. That is how Linux makes its own blobs.
 *
 * <p>The layout that results:
 *
 * <ul>
 *   <li>{@link #create} zeroes the whole buffer. The reserve map starts at 48: libfdt aligns the
 *       header's 40 bytes to an entry's 16. The structure block follows it, then the strings.
 *   <li>Strings are first stacked from the buffer's end downwards, so the one that was first used
 *       comes last. A name that already stands there, also as another's tail, is not written again.
 *   <li>{@link #finish} moves them behind the structure block. What it moved from is left where it
 *       was: beyond the total size the buffer is zero but for its very end, which holds the strings
 *       once more. In a Linux page a reader finds them there.
 * </ul>
 *
 * <p>Not for several threads.
 */
public final class FdtBuilder {

  private static final long RESERVE_MAP = 48;

  /** Bytes of a blob without any node: header, end of the reserve map, FDT_END. */
  static final long EMPTY_SIZE = RESERVE_MAP + FdtHeader.RESERVE_ENTRY_SIZE + FdtTag.SIZE;

  private final MemorySegment buffer;
  private final Deque<OpenNode> open = new ArrayDeque<>();
  private long structOffset = RESERVE_MAP;
  private long structEnd = RESERVE_MAP;
  private long stringsSize;
  private State state = State.RESERVE_MAP;

  private enum State {
    RESERVE_MAP,
    NODES,
    ROOT_CLOSED,
    FINISHED
  }

  private FdtBuilder(MemorySegment buffer) {
    this.buffer = buffer;
  }

  /**
   * Starts a blob, and clears the buffer.
   *
   * @param buffer for the blob, from its start; its size bounds the blob's
   * @throws FdtException if not even the header finds room
   */
  public static FdtBuilder create(MemorySegment buffer) {
    if (buffer.byteSize() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a buffer of %d bytes is more than %d".formatted(buffer.byteSize(), Integer.MAX_VALUE));
    }
    if (buffer.byteSize() < RESERVE_MAP) {
      throw noSpace(0, RESERVE_MAP, buffer.byteSize());
    }
    buffer.fill((byte) 0);
    return new FdtBuilder(buffer);
  }

  /**
   * Adds an entry to the reserve map. Only before the first node.
   *
   * @throws FdtException if there is no room; nothing has changed then
   */
  public FdtBuilder reserve(FdtReservation reservation) {
    require(state == State.RESERVE_MAP, "reservations come before the first node");
    if (reservation.address() == 0 && reservation.size() == 0) {
      throw new IllegalArgumentException("a reservation of 0 bytes at 0 would end the reserve map");
    }
    addReservation(reservation);
    return this;
  }

  /**
   * Opens a node within the node that is open.
   *
   * @param name empty for the root, and only there
   * @throws FdtException if there is no room; nothing has changed then
   */
  public FdtBuilder beginNode(String name) {
    require(state != State.FINISHED && state != State.ROOT_CLOSED, "there is one root only");
    OpenNode parent = open.peek();
    byte[] bytes = parent == null ? FdtName.encode(name) : FdtName.encodeNonEmpty(name, "node");
    if (parent == null && !name.isEmpty()) {
      throw new IllegalArgumentException("the root has no name, and not \"%s\"".formatted(name));
    }
    if (open.size() == Fdt.MAX_DEPTH) {
      throw new IllegalStateException(
          "a node is more than %d levels deep".formatted(Fdt.MAX_DEPTH));
    }
    if (parent != null && parent.childNames.contains(name)) {
      throw new IllegalArgumentException("the node \"%s\" is here twice".formatted(name));
    }
    long size = FdtTag.SIZE + FdtTag.align(bytes.length);
    if (state == State.RESERVE_MAP) {
      checkRoom(FdtHeader.RESERVE_ENTRY_SIZE + size);
      addReservation(new FdtReservation(0, 0));
      state = State.NODES;
    }
    checkRoom(size);
    buffer.set(FdtHeader.WORD, structEnd, FdtTag.BEGIN_NODE);
    put(structEnd + FdtTag.SIZE, bytes);
    structEnd += size;
    if (parent != null) {
      parent.childNames.add(name);
    }
    open.push(new OpenNode());
    return this;
  }

  /**
   * Adds a property to the node that is open, which has no children yet.
   *
   * @throws FdtException if there is no room; nothing has changed then
   */
  public FdtBuilder property(FdtProperty property) {
    OpenNode node = open.peek();
    if (node == null) {
      throw new IllegalStateException("a property needs an open node");
    }
    require(node.childNames.isEmpty(), "a node's properties come before its children");
    byte[] name = FdtName.encodeNonEmpty(property.name(), "property");
    if (node.propertyNames.contains(property.name())) {
      throw new IllegalArgumentException(
          "the property \"%s\" is here twice".formatted(property.name()));
    }
    long length = property.value().byteSize();
    long size = FdtTag.PROP_HEADER_SIZE + FdtTag.align(length);
    long found = FdtName.find(strings(), name);
    checkRoom(found < 0 ? size + name.length : size);
    node.propertyNames.add(property.name());
    if (found < 0) {
      stringsSize += name.length;
      put(buffer.byteSize() - stringsSize, name);
      found = 0;
    }
    buffer.set(FdtHeader.WORD, structEnd, FdtTag.PROP);
    buffer.set(FdtHeader.WORD, structEnd + FdtTag.SIZE, (int) length);
    long fromTheEnd = stringsSize - found;
    buffer.set(FdtHeader.WORD, structEnd + 2 * FdtTag.SIZE, (int) fromTheEnd);
    MemorySegment.copy(property.value(), 0, buffer, structEnd + FdtTag.PROP_HEADER_SIZE, length);
    structEnd += size;
    return this;
  }

  /**
   * Closes the node that was opened last and is still open.
   *
   * @throws FdtException if there is no room; nothing has changed then
   */
  public FdtBuilder endNode() {
    require(!open.isEmpty(), "no node is open");
    addTag(FdtTag.END_NODE);
    open.pop();
    if (open.isEmpty()) {
      state = State.ROOT_CLOSED;
    }
    return this;
  }

  /**
   * Completes the blob. The builder is of no use afterwards.
   *
   * @return the blob: the first bytes of the buffer
   * @throws FdtException if there is no room; nothing has changed then
   */
  public MemorySegment finish() {
    require(state == State.ROOT_CLOSED, "a blob is finished once, and after its root is closed");
    addTag(FdtTag.END);
    state = State.FINISHED;
    MemorySegment.copy(buffer, buffer.byteSize() - stringsSize, buffer, structEnd, stringsSize);
    countNamesFromTheFront();
    long totalSize = structEnd + stringsSize;
    buffer.set(FdtHeader.WORD, 0, Fdt.MAGIC);
    header(FdtHeader.TOTAL_SIZE, totalSize);
    header(FdtHeader.STRUCT_OFFSET, structOffset);
    header(FdtHeader.STRINGS_OFFSET, structEnd);
    header(FdtHeader.RESERVE_MAP_OFFSET, RESERVE_MAP);
    header(FdtHeader.VERSION_OFFSET, FdtHeader.VERSION);
    header(FdtHeader.LAST_COMPATIBLE_OFFSET, FdtHeader.COMPATIBLE_VERSION);
    header(FdtHeader.STRINGS_SIZE, stringsSize);
    header(FdtHeader.STRUCT_SIZE, structEnd - structOffset);
    return buffer.asSlice(0, totalSize);
  }

  private void countNamesFromTheFront() {
    FdtStructure structure = new FdtStructure(buffer);
    for (long at = structOffset; structure.tag(at) != FdtTag.END; at = structure.next(at)) {
      if (structure.tag(at) == FdtTag.PROP) {
        long field = at + 2 * FdtTag.SIZE;
        buffer.set(FdtHeader.WORD, field, (int) stringsSize - buffer.get(FdtHeader.WORD, field));
      }
    }
  }

  private void addReservation(FdtReservation reservation) {
    checkRoom(FdtHeader.RESERVE_ENTRY_SIZE);
    buffer.set(FdtHeader.LONG, structEnd, reservation.address());
    buffer.set(FdtHeader.LONG, structEnd + Long.BYTES, reservation.size());
    structEnd += FdtHeader.RESERVE_ENTRY_SIZE;
    structOffset = structEnd;
  }

  private void addTag(int tag) {
    checkRoom(FdtTag.SIZE);
    buffer.set(FdtHeader.WORD, structEnd, tag);
    structEnd += FdtTag.SIZE;
  }

  private void checkRoom(long size) {
    long room = buffer.byteSize() - stringsSize - structEnd;
    if (size > room) {
      throw noSpace(structEnd, size, room);
    }
  }

  private MemorySegment strings() {
    return buffer.asSlice(buffer.byteSize() - stringsSize, stringsSize);
  }

  private void put(long offset, byte[] bytes) {
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, buffer, offset, bytes.length);
  }

  private void header(int field, long value) {
    buffer.set(FdtHeader.WORD, field, (int) value);
  }

  private static void require(boolean condition, String rule) {
    if (!condition) {
      throw new IllegalStateException(rule);
    }
  }

  static FdtException noSpace(long offset, long needed, long room) {
    return new FdtException(
        NO_SPACE,
        offset,
        "%d bytes are needed at 0x%x, but %d are left".formatted(needed, offset, room));
  }

  private static final class OpenNode {
    final Set<String> propertyNames = new HashSet<>(0);
    final Set<String> childNames = new HashSet<>(0);
  }
}
