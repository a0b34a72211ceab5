package org.kho4j.preflight.image;

import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kho4j.files.MalformedImageException;
import org.kho4j.handover.luo.FeatureHeader;

/**
 * The table of versions or features in a kernel's image: section {@code .liveupdate_features} of
 * development trees, names with features, or {@code .liveupdate_versions} of an RFC of December
 * 2025, version strings. No release has it.
 *
 * @param entries in the order of the table
 */
public record SupportTable(List<Entry> entries) {

  /**
   * An entry.
   *
   * @param name of a component, or a version string
   * @param features that the kernel supports, and those that it requires of a reader; empty in a
   *     table of version strings
   * @param place of the entry
   */
  public record Entry(String name, Optional<FeatureHeader> features, Place place) {}

  static final String FEATURES = ".liveupdate_features";
  static final String VERSIONS = ".liveupdate_versions";

  /** Most entries that are taken: a kernel has a handful. */
  static final int MAX_ENTRIES = 1 << 10;

  /** {@code "LVUP"} as a number. */
  private static final int MAGIC = 0x4c565550;

  private static final int VERSION = 1;
  private static final int HEADER = 8;
  private static final int NAME = 48;
  private static final int FEATURES_ENTRY = 80;
  private static final int FEATURE_BYTES = 8;

  public SupportTable {
    entries = List.copyOf(entries);
  }

  /**
   * Reads the table of an ELF file.
   *
   * @return empty where it has none, or one of a version that is not known here
   * @throws MalformedImageException if the section is no such table
   */
  static Optional<SupportTable> read(MemorySegment bytes, ElfFile elf, String where)
      throws MalformedImageException {
    List<Entry> entries = new ArrayList<>();
    boolean found = read(bytes, elf, FEATURES, FEATURES_ENTRY, entries, where);
    found |= read(bytes, elf, VERSIONS, NAME, entries, where);
    return found ? Optional.of(new SupportTable(entries)) : Optional.empty();
  }

  private static boolean read(
      MemorySegment bytes, ElfFile elf, String name, int size, List<Entry> entries, String where)
      throws MalformedImageException {
    Optional<ElfFile.Section> section = elf.section(name);
    if (section.isEmpty()) {
      return false;
    }
    LoadedRange range = section.get().region();
    MemorySegment table = bytes.asSlice(range.offset(), range.length());
    if (table.byteSize() < HEADER) {
      throw new MalformedImageException(
          "%s has in section %s, offset 0x%x, no table: it has %d bytes, but the header has %d"
              .formatted(where, name, range.offset(), table.byteSize(), HEADER));
    }
    if (table.get(U32, 0) != MAGIC) {
      throw new MalformedImageException(
          "%s has in section %s, offset 0x%x, no table: it begins with 0x%x, not with 0x%x"
              .formatted(where, name, range.offset(), table.get(U32, 0), MAGIC));
    }
    if (table.get(U32, 4) != VERSION) {
      return false;
    }
    // A name without a character is the padding after the last entry.
    for (long at = HEADER;
        at < table.byteSize() && table.get(ValueLayout.JAVA_BYTE, at) != 0;
        at += size) {
      long rest = table.byteSize() - at;
      if (rest < size) {
        throw new MalformedImageException(
            "%s has a table in section %s that ends within an entry: %d of %d bytes at offset 0x%x"
                .formatted(where, name, rest, size, range.offset() + at));
      }
      MemorySegment entry = table.asSlice(at, size);
      if (entries.size() == MAX_ENTRIES) {
        throw new MalformedImageException(
            "%s has more than %d entries in section %s".formatted(where, MAX_ENTRIES, name));
      }
      entries.add(
          new Entry(
              name(entry, where, name),
              size == NAME ? Optional.empty() : features(entry, where, name),
              range.place(range.offset() + at)));
    }
    return true;
  }

  private static String name(MemorySegment entry, String where, String section)
      throws MalformedImageException {
    for (int length = 0; length < NAME; length++) {
      byte b = entry.get(ValueLayout.JAVA_BYTE, length);
      if (b == 0) {
        byte[] name = entry.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(name, StandardCharsets.US_ASCII);
      }
      if (b <= ' ' || b == 0x7f) {
        break;
      }
    }
    throw new MalformedImageException(
        "%s has a name in section %s that is not text, or has no NUL within %d bytes"
            .formatted(where, section, NAME));
  }

  private static Optional<FeatureHeader> features(MemorySegment entry, String where, String section)
      throws MalformedImageException {
    long bytes = Integer.toUnsignedLong(entry.get(U32, NAME));
    if (bytes != FEATURE_BYTES) {
      throw new MalformedImageException(
          "%s has features of %d bytes in section %s: %d are read"
              .formatted(where, bytes, section, FEATURE_BYTES));
    }
    return Optional.of(
        new FeatureHeader(entry.get(U64, 56), entry.get(U64, 64), entry.get(U64, 72)));
  }
}
