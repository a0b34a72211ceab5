package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFileSet;
import org.kho4j.abi.LuoSession;
import org.kho4j.handover.Handover;
import org.kho4j.handover.KhoBlocks;
import org.kho4j.handover.PointerField;
import org.kho4j.handover.Where;
import org.kho4j.handover.Wire;

/** A session: a named set of files that are handed over together. */
public final class Session {

  private static final PointerField<KhoBlocks.Block> FILES = KhoBlocks.head(LuoFileSet.FILES);

  private final Handover handover;
  private final Where where;
  private final MemorySegment fileSet;
  private final long address;
  private final String name;

  private Session(
      Handover handover, Where where, MemorySegment fileSet, long address, String name) {
    this.handover = handover;
    this.where = where;
    this.fileSet = fileSet;
    this.address = address;
    this.name = name;
  }

  static Session read(Handover handover, Where luo, MemorySegment entry, long address) {
    String name = Wire.text(entry, LuoSession.NAME, luo.in("session"), address);
    MemorySegment fileSet = Wire.embedded(entry, LuoSession.FILE_SET);
    return new Session(handover, luo.named("session", name), fileSet, address, name);
  }

  public String name() {
    return name;
  }

  /** Physical address of the session's entry. */
  public long address() {
    return address;
  }

  /** Where the session stands, for messages. */
  public Where where() {
    return where;
  }

  /** Files in the session, as the session's entry says. */
  public long fileCount() {
    return Wire.u64(fileSet, LuoFileSet.COUNT);
  }

  long requirePossibleCount(long presentBytes) {
    long most = presentBytes / LuoFile.STRUCTURE.headerSize();
    if (Long.compareUnsigned(fileCount(), most) > 0) {
      throw where.broken(
          address,
          "count is %s, and all of the source has room for %d files"
              .formatted(Long.toUnsignedString(fileCount()), most));
    }
    return fileCount();
  }

  /**
   * Visits the files in order.
   *
   * @throws org.kho4j.handover.HandoverException where the list is broken; what came before has
   *     been visited
   */
  public void forEachFile(Consumer<PreservedFile> visitor) {
    long count = fileCount();
    long[] visited = new long[1];
    long files =
        KhoBlocks.forEach(
            handover.memory(),
            where.in("files"),
            FILES,
            fileSet,
            LuoFile.STRUCTURE.headerSize(),
            (entry, entryAddress) -> {
              if (visited[0]++ == count) {
                throw where.broken(
                    address, "count is %d, and the blocks hold more files".formatted(count));
              }
              visitor.accept(PreservedFile.read(handover, where, entry, entryAddress));
            });
    if (files != count) {
      throw where.broken(
          address, "count is %d, and the blocks hold %d files".formatted(count, files));
    }
  }

  /**
   * The file of a token, if there is one.
   *
   * @throws org.kho4j.handover.HandoverException if the list is broken, or two files have the token
   */
  public Optional<PreservedFile> file(long token) {
    List<PreservedFile> found = new ArrayList<>();
    forEachFile(file -> {
      if (file.token() == token) {
        if (!found.isEmpty()) {
          throw file.where().broken(file.address(), "another file has this token too");
        }
        found.add(file);
      }
    });
    return found.stream().findFirst();
  }
}
