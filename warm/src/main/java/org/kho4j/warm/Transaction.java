package org.kho4j.warm;

/**
 * A set of changes that is atomic: after a crash, all of them survive, or none.
 *
 * <pre>{@code
 * try (Transaction transfer = store.begin()) {
 *   transfer.change(accounts, from * 8, 8);   // first what changes,
 *   transfer.change(accounts, to * 8, 8);
 *   segment.setAtIndex(JAVA_LONG, from, …);   // then the changes
 *   segment.setAtIndex(JAVA_LONG, to, …);
 *   transfer.commit();
 * }
 * }</pre>
 *
 * <p>A range that was not named in {@link #change} is not part of the transaction. Other threads
 * see the changes as they are made. A transaction belongs to the thread that began it, and a store
 * has one at a time: meanwhile, other threads wait in every method that reads or changes the
 * regions. Segments that they already have can be used. If the thread ends before its transaction,
 * these methods throw {@link IllegalStateException}, and the next owner of the store rolls the
 * transaction back.
 */
public final class Transaction implements AutoCloseable {

  private final WarmStore store;
  private final UndoLog log;
  private boolean ended;

  Transaction(WarmStore store, UndoLog log) {
    this.store = store;
    this.log = log;
  }

  /**
   * Saves the content of a range in the undo log, before the range is changed.
   *
   * @param offset in the region
   * @param length bytes
   * @throws IllegalArgumentException if the region is another store's
   * @throws IndexOutOfBoundsException if the region does not have all of the range
   * @throws IllegalStateException if the transaction has ended, or another thread began it
   * @throws WarmException if the log has no room for the range: {@code close} then rolls the
   *     transaction back. If another process has opened the store meanwhile: it has rolled back
   */
  public void change(Region region, long offset, long length) {
    requireOpen();
    region.requireOf(store);
    store.requireOwner();
    log.keep(store.locked(() -> region.ranges(offset, length)));
  }

  /**
   * Commits the changes: from here on, they survive a crash.
   *
   * @throws IllegalStateException if the transaction has ended, or another thread began it
   * @throws WarmException if another process has opened the store meanwhile, and has rolled the
   *     changes back
   */
  public void commit() {
    requireOpen();
    store.requireOwner();
    ended = true;
    try {
      log.forget();
    } finally {
      store.ended();
    }
  }

  /**
   * Rolls the changes back, unless they were committed, or another process has opened the store
   * meanwhile and has rolled them back.
   *
   * @throws IllegalStateException in another thread than the one that began it; the transaction
   *     continues then
   */
  @Override
  public void close() {
    if (!ended) {
      store.requireTransactionThread();
      ended = true;
      try {
        if (store.isOwner()) {
          log.rollBack();
        }
      } catch (RuntimeException | Error e) {
        store.leaveToNextOwner();
        throw e;
      } finally {
        store.ended();
      }
    }
  }

  /** Ends it without a roll-back, which the next owner makes. */
  void leave() {
    ended = true;
    store.ended();
  }

  private void requireOpen() {
    if (ended) {
      throw new IllegalStateException(store.path() + ": the transaction has ended");
    }
    store.requireTransactionThread();
  }
}
