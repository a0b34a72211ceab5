package org.kho4j.warm;

/**
 * Thrown if a store cannot be opened, or a request cannot be met. Nothing was changed, except that
 * {@link WarmStore#close} has released the store.
 */
public final class WarmException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The reason of the exception. */
  public enum Reason {
    /** Another process, or another {@link WarmStore} of this process, has the store open. */
    LOCKED,
    /**
     * The store was opened elsewhere meanwhile, or its file was removed: this owner may not write
     * any more.
     */
    FENCED,
    /** The file is not a store, or not the requested store. */
    FOREIGN,
    /** The store has another layout version or page size. */
    LAYOUT,
    /** The store's content has another schema. */
    SCHEMA,
    /** The file has another size than the store. */
    TRUNCATED,
    /** The store's metadata have been changed, and not by an owner of the store. */
    DAMAGED,
    /** The store belongs to another user, or other users may read or write it. */
    PERMISSIONS,
    /** The store is in pages of a huge page pool, which cannot be preserved over a kexec. */
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
   * Returns whether the store itself is the cause: it will not open the next time either, and can
   * only be set aside.
   */
  public boolean isLasting() {
    return switch (reason) {
      case FOREIGN, LAYOUT, SCHEMA, TRUNCATED, DAMAGED -> true;
      default -> false;
    };
  }
}
