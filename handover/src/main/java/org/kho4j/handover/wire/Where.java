package org.kho4j.handover.wire;

import org.jspecify.annotations.Nullable;

/**
 * The path to a structure of a handover, for messages: {@code /LUO/session "vm"/file 0x100/chunk
 * 2}. Made on the way down, and turned into text only for a message.
 */
public final class Where {

  /** The root FDT. */
  public static final Where ROOT = new Where(null, "", null);

  private final @Nullable Where parent;
  private final String name;
  private final @Nullable Object item;

  private Where(@Nullable Where parent, String name, @Nullable Object item) {
    this.parent = parent;
    this.name = name;
    this.item = item;
  }

  /** Returns the path of a named part. */
  public Where in(String part) {
    return new Where(this, part, null);
  }

  /** Returns the path of one of several parts, by number. */
  public Where in(String part, long number) {
    return new Where(this, part, number);
  }

  /** Returns the path of one of several parts, by its physical address. */
  public Where at(String part, long address) {
    return new Where(this, part, new Address(address));
  }

  /** Returns the path of one of several parts, by its name in the handover. */
  public Where named(String part, String itemName) {
    return new Where(this, part, itemName);
  }

  /** Returns the path of the part around this one; the root for the root. */
  public Where around() {
    return parent == null ? this : parent;
  }

  /**
   * Returns the name of this part, without its number or the name of an item; empty for the root.
   */
  public String name() {
    return name;
  }

  /** Returns the name of the part right below the root that has this part; empty for the root. */
  public String top() {
    Where part = this;
    while (part.parent != null && part.parent.parent != null) {
      part = part.parent;
    }
    return part.name;
  }

  /** Returns an exception for a fault in this structure. */
  public HandoverException broken(long address, String message) {
    return new HandoverException(toString(), address, message);
  }

  /**
   * Returns an exception for a well-formed structure of a newer contract than the one known here.
   */
  public HandoverException newer(long address, String message) {
    return new HandoverException(toString(), address, "a newer contract: " + message, true);
  }

  /** Returns an exception that passes on a fault found by another reader. */
  public HandoverException broken(long address, RuntimeException cause) {
    HandoverException exception = broken(address, String.valueOf(cause.getMessage()));
    exception.initCause(cause);
    return exception;
  }

  /**
   * Returns the path, {@code "/"} for the root. Names out of the handover are quoted, with control
   * characters escaped.
   */
  @Override
  public String toString() {
    if (parent == null) {
      return "/";
    }
    StringBuilder path = new StringBuilder();
    append(path);
    return path.toString();
  }

  private void append(StringBuilder path) {
    if (parent == null) {
      return;
    }
    parent.append(path);
    path.append('/');
    appendEscaped(path, name);
    if (item instanceof String text) {
      path.append(" \"");
      appendEscaped(path, text);
      path.append('"');
    } else if (item != null) {
      path.append(' ').append(item);
    }
  }

  /** An address as an item, {@code 0x…}. */
  private record Address(long value) {
    @Override
    public String toString() {
      return "0x" + Long.toHexString(value);
    }
  }

  private static void appendEscaped(StringBuilder path, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        path.append('\\').append(c);
      } else if (Character.isISOControl(c)) {
        path.append("\\x")
            .append(Character.forDigit(c >> 4, 16))
            .append(Character.forDigit(c & 15, 16));
      } else {
        path.append(c);
      }
    }
  }
}
