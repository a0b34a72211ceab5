package org.kho4j.cli.structure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.OwnerVisitor;

/** Hands on the path of every structure that a walk passes. */
final class PathList implements OwnerVisitor {

  private final PathVisitor visitor;
  private long limit = Long.MAX_VALUE;
  private @Nullable Where blob;
  private long blobAddress;
  private long passed;

  /** Takes a path. */
  @FunctionalInterface
  interface PathVisitor {
    void path(String path, String name, long address) throws IOException;
  }

  PathList(PathVisitor visitor) {
    this.visitor = visitor;
  }

  /** Hands on no more than that many. */
  void limit(long most) {
    limit = most;
  }

  /** Paths that were not handed on. */
  long more() {
    return Math.max(0, passed - limit);
  }

  @Override
  public void owns(Where where, long address, long bytes) {
    // Claims have no paths of their own.
  }

  @Override
  public void structure(Where where, StructureView view) {
    if (view.address() != blobAddress) {
      flush();
    }
    blob = null;
    take(where, view.structure().name(), view.address());
  }

  @Override
  public void blob(Where where, long address, MemorySegment bytes) {
    flush();
    if (Fdt.isMagic(bytes)) {
      take(where, "device tree", address);
    } else {
      blob = where;
      blobAddress = address;
    }
  }

  /** Hands on a blob that turned out to be no structure. */
  void flush() {
    Where unknown = blob;
    blob = null;
    if (unknown != null) {
      take(unknown, "blob", blobAddress);
    }
  }

  private void take(Where where, String name, long address) {
    if (passed++ >= limit) {
      return;
    }
    try {
      visitor.path(where.toString(), name, address);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
