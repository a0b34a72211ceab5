package org.kho4j.verify.result;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.ByteSize;

/**
 * The parts of a handover that are in RAM but not in the source, because a dump left them out. An
 * absent part has no known fault, so it is not a finding.
 *
 * @param parts the first 1,000 of each kind
 * @param sums of all parts, by kind
 */
public record AbsentParts(List<Part> parts, Map<Kind, Sum> sums) {

  /** The kind of memory that is absent. */
  public enum Kind {
    /** A structure; the memory that it leads to was not checked either. */
    STRUCTURE("structure", "structures"),
    /** The content of a memfd. */
    MEMFD("memfd", "memfds"),
    /** The memory of a reservation. */
    RESERVATION("reservation", "reservations"),
    /** The data of kho_test. */
    KHO_TEST("kho_test", "kho_test");

    private final String one;
    private final String many;

    Kind(String one, String many) {
      this.one = one;
      this.many = many;
    }

    /** {@code "structure"}, {@code "memfd"}, {@code "reservation"} or {@code "kho_test"}. */
    public String label() {
      return one;
    }

    private String count(long count) {
      return "%,d %s".formatted(count, count == 1 ? one : many);
    }
  }

  /**
   * Absent memory of one structure.
   *
   * @param path of the absent structure, or of the structure whose content is absent
   * @param address physical address of that structure
   * @param bytes absent bytes; 0 for a structure, whose size is not known
   */
  public record Part(Kind kind, String path, long address, long bytes) {}

  /** The number of parts, and their bytes. */
  public record Sum(long count, long bytes) {
    /** Returns the sum of both. */
    public Sum plus(Sum other) {
      return new Sum(count + other.count, bytes + other.bytes);
    }
  }

  /** No absent parts. */
  public static final AbsentParts NONE = new AbsentParts(List.of(), Map.of());

  /** Most parts of one kind in the list. */
  public static final int MOST_PARTS = 1000;

  private static final int STRUCTURES_NAMED = 6;

  public AbsentParts {
    parts = List.copyOf(parts);
    Map<Kind, Sum> byKind = new EnumMap<>(Kind.class);
    byKind.putAll(sums);
    sums = Collections.unmodifiableMap(byKind);
  }

  /** Returns the absent bytes of content; structures are not counted. */
  public long bytes() {
    return sums.values().stream().mapToLong(Sum::bytes).sum();
  }

  /** Returns the number of parts, including those that are not in the list. */
  public long count() {
    return sums.values().stream().mapToLong(Sum::count).sum();
  }

  /** Returns the number of parts of a kind, including those that are not in the list. */
  public long count(Kind kind) {
    Sum sum = sums.get(kind);
    return sum == null ? 0 : sum.count;
  }

  AbsentParts plus(AbsentParts other) {
    Map<Kind, Integer> listed = new EnumMap<>(Kind.class);
    List<Part> both =
        Stream.concat(parts.stream(), other.parts.stream())
            .filter(part -> listed.merge(part.kind, 1, Integer::sum) <= MOST_PARTS)
            .toList();
    Map<Kind, Sum> sum = new EnumMap<>(Kind.class);
    sum.putAll(sums);
    other.sums.forEach((kind, more) -> sum.merge(kind, more, Sum::plus));
    return new AbsentParts(both, sum);
  }

  /** Returns a sentence for each kind. */
  List<String> sentences() {
    List<String> sentences = new ArrayList<>();
    sums.forEach((kind, sum) -> sentences.add(sentence(kind, sum)));
    return sentences;
  }

  private String sentence(Kind kind, Sum sum) {
    if (kind != Kind.STRUCTURE) {
      String of = kind == Kind.KHO_TEST ? "kho_test" : kind.count(sum.count);
      return "%s of the content of %s: not in the dump".formatted(ByteSize.text(sum.bytes), of);
    }
    List<Part> named = parts.stream().filter(part -> part.kind == kind).toList();
    String places =
        named.stream()
            .limit(STRUCTURES_NAMED)
            .map(part -> "%s at 0x%x".formatted(part.path, part.address))
            .collect(Collectors.joining(", "));
    long more = sum.count - Math.min(named.size(), STRUCTURES_NAMED);
    return "%s and what %s to, not in the dump: %s%s"
        .formatted(
            kind.count(sum.count),
            sum.count == 1 ? "it leads" : "they lead",
            places,
            more > 0 ? ", and %,d more".formatted(more) : "");
  }
}
