package org.kho4j.bench;

import org.kho4j.handover.PreservedMap;
import org.kho4j.handover.VmallocArea;

/** What every walk into runs does with a run, in C as well: counts it and adds its bytes. */
class RunTotal implements PreservedMap.RunVisitor, VmallocArea.RunVisitor {

  private long runs;
  private long bytes;

  @Override
  public void run(int order, long address, long length) {
    add(length);
  }

  @Override
  public void run(long address, long length) {
    add(length);
  }

  void add(long length) {
    runs++;
    bytes += length;
  }

  long result() {
    return runs ^ bytes;
  }

  /**
   * One of three classes in turn: the JVM gives up on guessing which, and calls through the
   * interface.
   */
  static RunTotal ofSomeClass(int turn) {
    return switch (turn % 3) {
      case 0 -> new RunTotal();
      case 1 -> new Second();
      default -> new Third();
    };
  }

  private static final class Second extends RunTotal {
    @Override
    public void run(int order, long address, long length) {
      add(length);
    }

    @Override
    public void run(long address, long length) {
      add(length);
    }
  }

  private static final class Third extends RunTotal {
    @Override
    public void run(int order, long address, long length) {
      add(length);
    }

    @Override
    public void run(long address, long length) {
      add(length);
    }
  }
}
