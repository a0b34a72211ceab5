package org.kho4j.damage;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.kho4j.memory.PhysicalMemory;

/**
 * Handovers with one field of their metadata changed. A seed chooses the kind of the field first,
 * so that a field which is there once is changed as often as one of a long list.
 */
public final class Mutants {

  /**
   * A change.
   *
   * @param before the field's number
   * @param after another number
   */
  public record Mutant(MetadataPlace place, long before, long after) {

    @Override
    public String toString() {
      return "%s at 0x%x: 0x%x became 0x%x".formatted(place.kind(), place.address(), before, after);
    }
  }

  private final Overlay overlay;
  private final List<List<MetadataPlace>> kinds;

  /** Mutants of a memory. */
  public Mutants(PhysicalMemory memory, List<MetadataPlace> places) {
    this.overlay = new Overlay(memory);
    Map<String, List<MetadataPlace>> byKind = new TreeMap<>();
    places.forEach(
        place -> byKind.computeIfAbsent(place.kind(), kind -> new ArrayList<>()).add(place));
    this.kinds = List.copyOf(byKind.values());
  }

  /** The memory, as the last mutant left it. */
  public PhysicalMemory memory() {
    return overlay;
  }

  /** Undoes the last change, and makes the one of a seed. */
  public Mutant make(long seed) {
    overlay.reset();
    SplittableRandom random = new SplittableRandom(seed);
    while (true) {
      List<MetadataPlace> kind = kinds.get(random.nextInt(kinds.size()));
      MetadataPlace place = kind.get(random.nextInt(kind.size()));
      long before = read(place);
      long after = other(random, place, before, kind) & mask(place);
      if (after != before) {
        write(place, after);
        return new Mutant(place, before, after);
      }
    }
  }

  private static long mask(MetadataPlace place) {
    return place.bytes() == Long.BYTES ? -1L : (1L << (8 * place.bytes())) - 1;
  }

  private long other(
      SplittableRandom random, MetadataPlace place, long before, List<MetadataPlace> kind) {
    long page = place.address() & -Overlay.PAGE;
    return switch (random.nextInt(14)) {
      case 0 -> 0;
      case 1 -> before + 1;
      case 2 -> before - 1;
      case 3 -> before << 1;
      case 4 -> before >>> 1;
      case 5 -> ~before;
      case 6 -> -1;
      case 7 -> read(kind.get(random.nextInt(kind.size())));
      case 8 -> before + 8;
      case 9 -> before + Overlay.PAGE;
      case 10 -> page;
      case 11 -> random.nextLong();
      default -> before ^ 1L << random.nextInt(8 * place.bytes());
    };
  }

  private long read(MetadataPlace place) {
    byte[] bytes = overlay.read(place.address(), place.bytes()).toArray(ValueLayout.JAVA_BYTE);
    long value = 0;
    for (int i = 0; i < bytes.length; i++) {
      int at = place.bigEndian() ? bytes.length - 1 - i : i;
      value |= (bytes[at] & 0xffL) << (8 * i);
    }
    return value;
  }

  private void write(MetadataPlace place, long value) {
    byte[] bytes = new byte[place.bytes()];
    for (int i = 0; i < bytes.length; i++) {
      int at = place.bigEndian() ? bytes.length - 1 - i : i;
      bytes[at] = (byte) (value >>> (8 * i));
    }
    overlay.put(place.address(), bytes);
  }
}
