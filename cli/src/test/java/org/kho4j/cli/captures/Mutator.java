package org.kho4j.cli.captures;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import org.kho4j.damage.Overlay;

/** Damages pages: from one bit to whole pages, with the values that hurt readers. */
public final class Mutator {

  private static final int PAGE = Overlay.PAGE;

  private final Overlay memory;
  private final List<Long> pages;
  private final Random random;
  private final StringJoiner done = new StringJoiner(", ");

  /**
   * A mutator.
   *
   * @param pages addresses of the pages to damage
   */
  public Mutator(Overlay memory, List<Long> pages, long seed) {
    this.memory = memory;
    this.pages = pages;
    this.random = new Random(seed);
  }

  /** Does one to four changes, and says which. */
  public String mutate() {
    memory.reset();
    for (int change = random.nextInt(4); change >= 0; change--) {
      long address = any();
      ByteBuffer page = memory.page(address).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      done.add(change(address, page));
    }
    return done.toString();
  }

  private long any() {
    return pages.get(random.nextInt(pages.size()));
  }

  private String change(long address, ByteBuffer page) {
    int at = place(page);
    return switch (random.nextInt(12)) {
      case 0, 1 -> {
        page.put(at, (byte) (page.get(at) ^ 1 << random.nextInt(8)));
        yield "0x%x: a bit".formatted(address + at);
      }
      case 2 -> {
        page.put(at, (byte) random.nextInt());
        yield "0x%x: a byte".formatted(address + at);
      }
      case 3, 4, 5 -> {
        long value = hurtful(address, page.getLong(at & -8));
        page.putLong(at & -8, value);
        yield "0x%x: 8 bytes 0x%x".formatted(address + (at & -8), value);
      }
      case 6, 7 -> {
        int value = (int) hurtful(address, page.getInt(at & -4));
        boolean bigEndian = random.nextBoolean();
        page.putInt(at & -4, bigEndian ? Integer.reverseBytes(value) : value);
        yield "0x%x: 4 bytes 0x%x".formatted(address + (at & -4), value);
      }
      case 8 -> {
        int other = place(page) & -8;
        long word = page.getLong(at & -8);
        page.putLong(at & -8, page.getLong(other));
        page.putLong(other, word);
        yield "0x%x and 0x%x: swapped".formatted(address + (at & -8), address + other);
      }
      case 9 -> {
        long other = any();
        MemorySegment copied = memory.page(other);
        byte[] source = copied.toArray(ValueLayout.JAVA_BYTE);
        if (random.nextBoolean()) {
          copied.copyFrom(memory.page(address));
        }
        page.put(0, source);
        yield "pages 0x%x and 0x%x: swapped or copied".formatted(address, other);
      }
      case 10 -> {
        byte value = (byte) (random.nextBoolean() ? 0 : -1);
        int end = random.nextBoolean() ? PAGE : Math.min(PAGE, at + 1 + random.nextInt(64));
        for (int i = at; i < end; i++) {
          page.put(i, value);
        }
        yield "0x%x: %d bytes of %d".formatted(address + at, end - at, value);
      }
      default -> {
        memory.remove(address);
        yield "0x%x: gone".formatted(address);
      }
    };
  }

  /** Most often where something is: the rest of most pages is zero. */
  private int place(ByteBuffer page) {
    for (int tries = 0; tries < 200; tries++) {
      int at = random.nextInt(random.nextInt(3) == 0 ? 512 : PAGE);
      if (page.get(at) != 0) {
        return random.nextInt(8) == 0 ? (at + 8) % PAGE : at;
      }
    }
    return random.nextInt(PAGE);
  }

  private long hurtful(long address, long value) {
    List<Long> values = new ArrayList<>(List.of(0L, 1L, -1L, 2L, 3L, 7L, 255L, 4096L, 65535L));
    values.addAll(List.of(value + 1, value - 1, value << 1, value >>> 1, ~value, -value));
    values.addAll(List.of(address, address + PAGE, address - PAGE, address + 8, any(), any() + 8));
    values.addAll(List.of(1L << 31, 1L << 32, 1L << 51, 1L << 52, (1L << 52) - PAGE, 1L << 63));
    values.addAll(List.of(Long.MAX_VALUE, value | 1L << 62, value + PAGE, value | 0xffffL << 48));
    values.add(value & ~(1L << random.nextInt(64)));
    values.add(random.nextLong());
    return values.get(random.nextInt(values.size()));
  }
}
