package org.kho4j.preflight.image;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVersion;

/**
 * Finds strings in a kernel as the compiler stored them: terminated by NUL, and not the middle of
 * another. One pass, eight bytes at a time.
 */
final class StringScan {

  /** Most strings that are kept: distributions' kernels have less than ten. */
  static final int MAX_STRINGS = 1 << 12;

  private static final int MAX_RELEASES = 64;

  private static final String BANNER = "Linux version ";
  private static final BytePattern BANNER_BYTES =
      new BytePattern(BANNER.getBytes(StandardCharsets.US_ASCII));

  /** The mark before the packed configuration, and the first bytes of gzip. */
  private static final BytePattern CONFIG_BYTES =
      new BytePattern("IKCFG_ST\u001f\u008b\b".getBytes(StandardCharsets.ISO_8859_1));

  /** BTF's magic number, version, flags, and the header's length: 24, with layouts 32. */
  private static final List<BytePattern> BTF_BYTES =
      List.of(
          new BytePattern(new byte[] {(byte) 0x9f, (byte) 0xeb, 1, 0, 24, 0, 0, 0}),
          new BytePattern(new byte[] {(byte) 0x9f, (byte) 0xeb, 1, 0, 32, 0, 0, 0}));

  /** Most places examined for BTF. */
  private static final int MAX_BTF = 16;

  /** Names with a dash that are not versions. */
  private static final List<String> MARKERS =
      Stream.concat(
              Stream.concat(
                  Stream.of(Feature.KEXEC_METADATA.marker(), KhoVersion.MAP_PROPERTY),
                  VersionName.UNUSUAL.stream()),
              KhoVersion.ALL.stream()
                  .flatMap(version -> Stream.of(version.addressProperty(), version.sizeProperty()))
                  .filter(Objects::nonNull)
                  .map(Field::name))
          .filter(name -> name.contains("-"))
          .distinct()
          .toList();

  /** The patterns in names without a dash. */
  private static final List<BytePattern> UNDERSCORED =
      Stream.concat(Stream.of("_luo_v"), VersionName.UNUSUAL.stream())
          .filter(
              name -> !name.contains("-") && (name.equals("_luo_v") || !name.contains("_luo_v")))
          .map(name -> new BytePattern(name.getBytes(StandardCharsets.US_ASCII)))
          .toList();

  /** Longest text read on both sides of a {@code -v}, and longest release. */
  private static final int REACH = 256;

  private static final int CONFIG_MARK = 8;
  private static final int CHUNK = 1 << 16;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;
  private static final long DASHES = ONES * '-';

  private final MemorySegment bytes;
  private final byte[] chunk = new byte[CHUNK + Long.BYTES];
  private final List<FoundString> strings = new ArrayList<>();
  private final LinkedHashSet<Found<String>> releases = new LinkedHashSet<>();
  private final Set<Long> btf = new LinkedHashSet<>();
  private long config = -1;
  private @Nullable Place metadataMessage;

  StringScan(MemorySegment bytes) {
    this.bytes = bytes;
  }

  List<FoundString> strings() {
    return strings;
  }

  /** Returns whether there are more strings than are kept. */
  boolean isFull() {
    return strings.size() == MAX_STRINGS;
  }

  /** Returns the release, if all banners have the same. */
  Optional<Found<String>> release() {
    return releases.stream().map(Found::value).distinct().count() == 1
        ? Optional.of(releases.getFirst())
        : Optional.empty();
  }

  /** Returns the start of the message about the number of kexec-metadata. */
  Optional<Place> metadataMessage() {
    return Optional.ofNullable(metadataMessage);
  }

  /** Returns the offset of the packed configuration, or -1. */
  long config() {
    return config;
  }

  /** Returns the offsets at which BTF may start in a kernel without sections. */
  List<Long> btf() {
    return List.copyOf(btf);
  }

  void scan(LoadedRange region) {
    long end = region.offset() + region.length();
    int overlap = MetadataNumber.MESSAGE.length();
    for (long at = region.offset(); at < end; at += CHUNK - overlap) {
      int length = (int) Math.min(CHUNK, end - at);
      MemorySegment.copy(bytes, JAVA_BYTE, at, chunk, 0, length);
      chunk[length] = 0;
      // A dash in the overlap belongs to the next chunk.
      boolean last = at + length == end;
      scanDashes(region, at, last ? length : length - overlap);
      scanUnderscored(region, at, last ? length : length - overlap, length);
      scanBanner(region, at, length);
      scanConfig(at, length);
      scanMetadataMessage(region, at, length);
      if (region.section().isEmpty()) {
        for (BytePattern start : BTF_BYTES) {
          scanBtf(start, at, length);
        }
      }
      if (last) {
        return;
      }
    }
  }

  private void scanDashes(LoadedRange region, long at, int length) {
    for (int i = 0; i < length; i += Long.BYTES) {
      long word = (long) WORD.get(chunk, i) ^ DASHES;
      // Exact for the lowest hit; a borrow only adds false hits above it, which are checked.
      long hits = (word - ONES) & ~word & HIGHS;
      while (hits != 0) {
        int dash = i + (Long.numberOfTrailingZeros(hits) >>> 3);
        if (dash < length && chunk[dash] == '-') {
          look(region, at + dash, chunk[dash + 1]);
        }
        hits &= hits - 1;
      }
    }
  }

  private void scanUnderscored(LoadedRange region, long at, int starts, int end) {
    for (BytePattern name : UNDERSCORED) {
      int length = Math.min(end, starts + name.length() - 1);
      for (int i = name.find(chunk, 0, length); i >= 0; i = name.find(chunk, i + 1, length)) {
        int version = i + name.length() - 1;
        while (chunk[version] != 'v') {
          version--;
        }
        take(region, at + version - 1);
      }
    }
  }

  private void look(LoadedRange region, long dash, byte next) {
    if (next == 'v') {
      take(region, dash);
      return;
    }
    for (String marker : MARKERS) {
      int first = marker.indexOf('-');
      if (next == marker.charAt(first + 1)) {
        takeMarker(region, dash - first, marker);
      }
    }
  }

  /** Takes the string around a dash, if its last version name is the one of this dash. */
  private void take(LoadedRange region, long dash) {
    long end = dash + 2;
    long limit = Math.min(region.offset() + region.length(), dash + REACH);
    while (end < limit && isDigit(end)) {
      end++;
    }
    if (end == dash + 2 || end == limit || bytes.get(JAVA_BYTE, end) != 0) {
      return;
    }
    long start = textStart(region, dash);
    long name = dash;
    while (name > start && isNamePart(name - 1)) {
      name--;
    }
    while (name < dash && !isLetter(name)) {
      name++;
    }
    String text = text(name, end);
    if (VersionName.matches(text)) {
      add(region, start, name, text);
    }
  }

  private void takeMarker(LoadedRange region, long start, String marker) {
    long end = start + marker.length();
    if (start < region.offset()
        || end >= region.offset() + region.length()
        || bytes.get(JAVA_BYTE, end) != 0
        || !text(start, end).equals(marker)) {
      return;
    }
    add(region, textStart(region, start), start, marker);
  }

  private void add(LoadedRange region, long start, long name, String text) {
    if (strings.size() < MAX_STRINGS) {
      strings.add(new FoundString(text, region.place(name), text(start, name)));
    }
  }

  /** Returns the start of the printable text around a byte, at most REACH bytes back. */
  private long textStart(LoadedRange region, long at) {
    long start = at;
    long limit = Math.max(region.offset(), at - REACH);
    while (start > limit && isPrintable(bytes.get(JAVA_BYTE, start - 1))) {
      start--;
    }
    return start;
  }

  private static boolean isPrintable(byte b) {
    return (b >= 0x20 && b < 0x7f) || b == '\n' || b == '\t';
  }

  private boolean isDigit(long at) {
    byte b = bytes.get(JAVA_BYTE, at);
    return b >= '0' && b <= '9';
  }

  private boolean isLetter(long at) {
    byte b = bytes.get(JAVA_BYTE, at);
    return b >= 'a' && b <= 'z';
  }

  private boolean isNamePart(long at) {
    byte b = bytes.get(JAVA_BYTE, at);
    return isLetter(at) || isDigit(at) || b == '-' || b == '_' || b == ';';
  }

  private String text(long start, long end) {
    byte[] text = bytes.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE);
    return new String(text, StandardCharsets.ISO_8859_1);
  }

  private void scanBanner(LoadedRange region, long at, int length) {
    for (int i = BANNER_BYTES.find(chunk, 0, length);
        i >= 0;
        i = BANNER_BYTES.find(chunk, i + 1, length)) {
      long start = at + i + BANNER_BYTES.length();
      long limit = Math.min(region.offset() + region.length(), start + REACH);
      long end = start;
      while (end < limit && bytes.get(JAVA_BYTE, end) > 0x20 && bytes.get(JAVA_BYTE, end) < 0x7f) {
        end++;
      }
      if (end > start && end < limit && isDigit(start) && releases.size() < MAX_RELEASES) {
        releases.add(
            new Found<>(text(start, end), "\"" + BANNER + "…\" at " + region.place(at + i)));
      }
    }
  }

  private void scanMetadataMessage(LoadedRange region, long at, int length) {
    int found = metadataMessage == null ? MetadataNumber.MESSAGE.find(chunk, 0, length) : -1;
    if (found >= 0) {
      long start = at + found;
      long limit = Math.max(region.offset(), start - REACH);
      while (start > limit && bytes.get(JAVA_BYTE, start - 1) != 0) {
        start--;
      }
      metadataMessage = region.place(start);
    }
  }

  private void scanConfig(long at, int length) {
    int found = config < 0 ? CONFIG_BYTES.find(chunk, 0, length) : -1;
    if (found >= 0) {
      config = at + found + CONFIG_MARK;
    }
  }

  private void scanBtf(BytePattern start, long at, int length) {
    for (int i = start.find(chunk, 0, length); i >= 0; i = start.find(chunk, i + 1, length)) {
      if (btf.size() < MAX_BTF) {
        btf.add(at + i);
      }
    }
  }
}
