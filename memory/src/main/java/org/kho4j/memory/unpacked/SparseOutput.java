package org.kho4j.memory.unpacked;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.BitSet;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.FileHoles;

/** Writes into a file, and leaves holes where whole pages are zero. */
public final class SparseOutput extends UnpackedOutput implements AutoCloseable {

  private static final int PAGE = 4096;
  private static final byte[] ZERO_PAGE = new byte[PAGE];
  private static final int BUFFER = 1 << 20;
  private static final long FIRST_WINDOW = 64 << 20;

  /** Of each so many bytes it is known whether they are all a hole: 2^18, 512 KiB for 1 TiB. */
  private static final int STRETCH_SHIFT = 18;

  private final FileChannel channel;
  private final ByteBuffer view;
  private final DiskSpace space;
  private final long limit;
  private final BitSet data = new BitSet();

  /** The file so far, for matches that reach back beyond the buffer. */
  private @Nullable MemorySegment earlier;

  private @Nullable Arena mapped;

  /**
   * Writes into a file.
   *
   * @param limit most bytes that come out
   */
  public SparseOutput(FileChannel channel, DiskSpace space, long limit) {
    super(new byte[BUFFER]);
    this.channel = channel;
    this.view = ByteBuffer.wrap(buffer);
    this.space = space;
    this.limit = limit;
  }

  @Override
  public void reserve(int length) throws IOException, DataFormatException {
    checkTotal(length);
    if (length > buffer.length - used) {
      flush();
    }
  }

  @Override
  public void zeros(int length) throws IOException, DataFormatException {
    checkTotal(length);
    // Blocks are not aligned to pages where zstd likes it so: small runs go the usual way.
    if (length < PAGE) {
      reserve(length);
      Arrays.fill(buffer, used, used + length, (byte) 0);
      used += length;
      return;
    }
    flush();
    before += length;
  }

  private void checkTotal(int more) throws DataFormatException {
    if (total() > limit - more) {
      throw new DataFormatException("it decompresses to more than " + limit + " bytes");
    }
  }

  private void flush() throws IOException {
    int at = 0;
    while (at < used) {
      int end = pageEnd(at);
      if (isZero(at, end)) {
        at = end;
        continue;
      }
      int start = at;
      do {
        at = end;
        end = pageEnd(at);
      } while (at < used && !isZero(at, end));
      write(start, at);
    }
    before += used;
    used = 0;
  }

  /** Where the file's page ends that this byte of the buffer goes to. */
  private int pageEnd(int at) {
    return (int) Math.min(used, at + PAGE - (before + at) % PAGE);
  }

  private boolean isZero(int at, int end) {
    return Arrays.equals(buffer, at, end, ZERO_PAGE, 0, end - at);
  }

  private void write(int start, int end) throws IOException {
    space.take(end - start);
    data.set(stretch(before + start), stretch(before + end - 1) + 1);
    view.limit(end).position(start);
    while (view.hasRemaining()) {
      channel.write(view, before + view.position());
    }
  }

  @Override
  public void copyEarlier(long position, int length, int at) throws IOException {
    MemorySegment window = earlier;
    if (window == null || position + length > window.byteSize()) {
      window = mapEarlier(position + length);
    }
    MemorySegment.copy(window, position, segment, at, length);
  }

  private MemorySegment mapEarlier(long end) throws IOException {
    close();
    long size = Math.max(FIRST_WINDOW, 2 * end);
    extendTo(size);
    earlier = map(FileChannel.MapMode.READ_ONLY, 0, size);
    return earlier;
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with this
  private MemorySegment map(FileChannel.MapMode mode, long from, long size) throws IOException {
    Arena arena = Arena.ofConfined();
    mapped = arena;
    return channel.map(mode, from, size, arena);
  }

  private void extendTo(long size) throws IOException {
    if (channel.size() < size) {
      channel.write(ByteBuffer.allocate(1), size - 1);
    }
  }

  @Override
  public MemorySegment written(long from) throws IOException {
    flush();
    if (total() == from) {
      return MemorySegment.NULL;
    }
    extendTo(total());
    close();
    data.set(stretch(from), stretch(total() - 1) + 1);
    return map(FileChannel.MapMode.READ_WRITE, from, total() - from);
  }

  private static int stretch(long position) {
    return (int) (position >>> STRETCH_SHIFT);
  }

  /** The holes of the file, as far as they are whole stretches of it. */
  public FileHoles holes() {
    return (path, offset, length, visitor) -> {
      long end = offset + length;
      for (int first = data.nextSetBit(stretch(offset)); first >= 0; ) {
        int last = data.nextClearBit(first);
        long from = Math.max(offset, (long) first << STRETCH_SHIFT);
        long to = Math.min(end, (long) last << STRETCH_SHIFT);
        if (from >= to) {
          return;
        }
        visitor.range(from, to - from);
        first = data.nextSetBit(last);
      }
    };
  }

  /** Writes what is left and gives the file its size. */
  public void finish() throws IOException {
    flush();
    close();
    extendTo(total());
    channel.truncate(total());
  }

  @Override
  public void close() {
    if (mapped != null) {
      mapped.close();
      mapped = null;
      earlier = null;
    }
  }
}
