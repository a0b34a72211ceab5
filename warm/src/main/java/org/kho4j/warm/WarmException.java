package org.kho4j.warm;

/** Thrown if a store cannot be opened, or a request cannot be met. Nothing was changed. */
public final class WarmException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The reason of the exception. */
  public enum Reason {
    /** Another process, or another store of this one, has it open. */
    LOCKED,
    /** The store was opened elsewhere meanwhile: this owner may not write any more. */
    FENCED,
    /** It is no store, or another store than the one asked for. */
    FOREIGN,
    /** Its layout is another version's, or its pages have another size. */
    LAYOUT,
    /** Its content is of another schema. */
    SCHEMA,
    /** The file has another size than the store. */
    TRUNCATED,
    /** Its metadata have been changed by something other than a store's owner. */
    DAMAGED,
    /** It belongs to another user, or others may read or write it. */
    PERMISSIONS,
    /** It is in pages of a huge page pool, which cannot be preserved over a kexec. */
    HUGETLB,
    /** There is not enough room or memory. */
    ROOM
  }

  private final Reason reason;

  WarmException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Returns the reason of the exception. */
  public Reason reason() {
    return reason;
  }

  /**
   * Whether the store itself is the cause, so that it will not open the next time either, and can
   * only be set aside.
   */
  public boolean isLasting() {
    return switch (reason) {
      case FOREIGN, LAYOUT, SCHEMA, TRUNCATED, DAMAGED -> true;
      default -> false;
    };
  }
}
