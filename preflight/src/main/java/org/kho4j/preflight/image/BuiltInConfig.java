package org.kho4j.preflight.image;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.kho4j.files.MalformedImageException;

/** The configuration that {@code CONFIG_IKCONFIG} puts into a kernel: gzip behind a mark. */
public final class BuiltInConfig {

  /** Most bytes of it, packed or not: the largest have 360 KB. */
  public static final int MAX_BYTES = 1 << 20;

  private static final Pattern LINE =
      Pattern.compile("# (CONFIG_\\w+) is not set|(CONFIG_[^=]+)=(.*)");

  private BuiltInConfig() {}

  /**
   * Reads the configuration.
   *
   * @param at offset of the gzip data
   * @return the value of each option; {@code n} for one that is not set
   */
  static Map<String, String> read(MemorySegment bytes, long at, String where) throws IOException {
    byte[] packed =
        bytes
            .asSlice(at, Math.min(MAX_BYTES, bytes.byteSize() - at))
            .toArray(ValueLayout.JAVA_BYTE);
    byte[] text;
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      text = in.readNBytes(MAX_BYTES + 1);
    } catch (ZipException | EOFException e) {
      throw malformed(where, at, "is damaged: " + e.getMessage());
    }
    if (text.length > MAX_BYTES) {
      throw malformed(where, at, "unpacks to more than " + MAX_BYTES + " bytes");
    }
    return options(new String(text, StandardCharsets.UTF_8));
  }

  /**
   * Returns the options in the text of a configuration.
   *
   * @return the value of each option; {@code n} for one that is not set
   */
  public static Map<String, String> options(String text) {
    Map<String, String> options = new HashMap<>();
    text.lines()
        .map(LINE::matcher)
        .filter(Matcher::matches)
        .forEach(line -> {
          if (line.group(1) == null) {
            options.put(line.group(2), line.group(3));
          } else {
            options.put(line.group(1), "n");
          }
        });
    return options;
  }

  private static MalformedImageException malformed(String where, long at, String what) {
    return new MalformedImageException(
        where + ": the built-in configuration at offset 0x" + Long.toHexString(at) + " " + what);
  }
}
