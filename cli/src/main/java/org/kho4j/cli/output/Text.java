package org.kho4j.cli.output;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Readable output: pieces of text, styled when there is a terminal to style them for. Numbers come
 * from {@link Units}; anything that comes out of a dump goes through {@link #name}.
 */
public final class Text implements Appendable {

  /** The kind of a piece of text, which decides its colour. */
  public enum Style {
    /** The subject of a line. */
    NAME("1"),
    /** A heading over lines. */
    HEADING("1;34"),
    ADDRESS("36"),
    /** Text that matters less than its neighbours. */
    FAINT("2"),
    GOOD("32"),
    WARNING("33"),
    BAD("1;31");

    private final String code;

    Style(String code) {
      this.code = code;
    }
  }

  private static final int FLUSH_AT = 8192;

  private final OutputStream out;
  private final boolean colour;
  private final StringBuilder pending = new StringBuilder();

  /**
   * Text on a stream.
   *
   * @param out takes UTF-8
   * @param colour whether to write colours
   */
  public Text(OutputStream out, boolean colour) {
    this.out = out;
    this.colour = colour;
  }

  public boolean colour() {
    return colour;
  }

  /** Writes a piece unchanged, so never one out of a dump. */
  public Text put(String piece) {
    pending.append(piece);
    return this;
  }

  /** A piece of our own in a style. */
  public Text put(Style style, String piece) {
    if (colour && !piece.isEmpty()) {
      pending.append("\033[").append(style.code).append('m').append(piece).append("\033[0m");
    } else {
      pending.append(piece);
    }
    return this;
  }

  /** A name out of a dump, escaped; "(no name)" if it is empty. */
  public Text name(String untrusted) {
    return put(Style.NAME, Units.printable(Units.orNoName(untrusted)));
  }

  public Text address(long address) {
    return put(Style.ADDRESS, Units.address(address));
  }

  public Text size(long bytes) {
    return put(Units.size(bytes));
  }

  public Text count(long count, String one, String many) {
    return put(Units.count(count, one, many));
  }

  @Override
  public Text append(CharSequence piece) throws IOException {
    return append(piece, 0, piece.length());
  }

  @Override
  public Text append(CharSequence piece, int start, int end) throws IOException {
    pending.append(piece, start, end);
    flushIfLong();
    return this;
  }

  @Override
  public Text append(char piece) throws IOException {
    pending.append(piece);
    flushIfLong();
    return this;
  }

  /** Ends the line. */
  public Text line() throws IOException {
    return append('\n');
  }

  /** A line of its own. */
  public Text line(String line) throws IOException {
    return put(line).line();
  }

  private void flushIfLong() throws IOException {
    if (pending.length() >= FLUSH_AT) {
      flush();
    }
  }

  /** Writes out what has been put. */
  public void flush() throws IOException {
    if (!pending.isEmpty()) {
      out.write(pending.toString().getBytes(StandardCharsets.UTF_8));
      pending.setLength(0);
    }
    out.flush();
  }
}
