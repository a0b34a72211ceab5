package org.kho4j.cli.report;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.UnaryOperator;
import org.kho4j.cli.output.Units;

/**
 * Writes HTML. Text and values of attributes are escaped here and nowhere else, and whatever comes
 * out of a source goes through {@link #untrusted} besides.
 */
public final class Html {

  /** A name or message that is longer is cut. */
  private static final int LONGEST_UNTRUSTED = 400;

  private final Appendable out;
  private final Deque<String> open = new ArrayDeque<>();

  /** Writes to {@code out}; nothing is kept back. */
  public Html(Appendable out) {
    this.out = out;
  }

  /**
   * Begins an element.
   *
   * @param attributes names and values, by turns
   */
  public Html open(String tag, String... attributes) throws IOException {
    tag(tag, attributes);
    open.addLast(tag);
    return this;
  }

  private void tag(String tag, String... attributes) throws IOException {
    out.append('<').append(tag);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]).append("=\"");
      text(attributes[i + 1]);
      out.append('"');
    }
    out.append('>');
  }

  /** Ends the element that began last. */
  public Html close() throws IOException {
    out.append("</").append(open.removeLast()).append('>');
    return this;
  }

  /** An element that has no content, and no end in HTML. */
  public Html mark(String tag, String... attributes) throws IOException {
    tag(tag, attributes);
    return this;
  }

  /** An element with nothing but text. */
  public Html element(String tag, String text, String... attributes) throws IOException {
    return open(tag, attributes).text(text).close();
  }

  /** Text of our own. */
  public Html text(String text) throws IOException {
    int done = 0;
    for (int i = 0; i < text.length(); i++) {
      String entity =
          switch (text.charAt(i)) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '"' -> "&quot;";
            case '\'' -> "&#39;";
            default -> null;
          };
      if (entity != null) {
        out.append(text, done, i).append(entity);
        done = i + 1;
      }
    }
    out.append(text, done, text.length());
    return this;
  }

  /** A name out of a source; "(no name)" if it is empty. */
  public Html name(String name) throws IOException {
    return untrusted(Units.orNoName(name));
  }

  /** Text out of a source. */
  public Html untrusted(String text) throws IOException {
    return shortened(text, Units::printable);
  }

  /** A path to a structure, in which names out of a source are quoted. */
  public Html path(String path) throws IOException {
    return shortened(path, Units::printablePath);
  }

  /** Without what could hide or reorder text, and not too long. */
  private Html shortened(String text, UnaryOperator<String> printable) throws IOException {
    boolean cut = text.length() > LONGEST_UNTRUSTED;
    return text(printable.apply(cut ? text.substring(0, LONGEST_UNTRUSTED) : text))
        .text(cut ? "…" : "");
  }

  /** A physical address: one click selects all of it. */
  public Html address(long address) throws IOException {
    return element("code", Units.address(address), "class", "a");
  }

  /** Writes text that is HTML already. */
  public Html raw(CharSequence html) throws IOException {
    out.append(html);
    return this;
  }

  /** Writes a line break in the source, which is not visible. */
  public Html line() throws IOException {
    out.append('\n');
    return this;
  }
}
