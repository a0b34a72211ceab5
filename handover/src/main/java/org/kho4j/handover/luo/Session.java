package org.kho4j.handover.luo;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFileSet;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.WalkStream;
import org.kho4j.handover.wire.Where;

/** A session: a named set of files that are handed over together. */
public final class Session {

  private final Handover handover;
  private final Where where;
  private final LuoVersion version;
  private final @Nullable StructureView fileSet;
  private final long address;
  private final String name;
  private final Consumer<HandoverException> problems;

  private Session(
      Handover handover,
      Where where,
      LuoVersion version,
      @Nullable StructureView fileSet,
      long address,
      String name,
      Consumer<HandoverException> problems) {
    this.handover = handover;
    this.where = where;
    this.version = version;
    this.fileSet = fileSet;
    this.address = address;
    this.name = name;
    this.problems = problems;
  }

  /**
   * Reads an entry.
   *
   * @param problems takes names without a NUL, of the session and of its files' handlers
   */
  static Session read(
      Handover handover,
      Where luo,
      LuoHead head,
      StructureView entry,
      Consumer<HandoverException> problems) {
    String name = entry.text(LuoSession.NAME, luo.in("session"), problems);
    Field fileSet = head.version().fileSet();
    return new Session(
        handover,
        luo.named("session", name),
        head.version(),
        entry.structure().has(fileSet) ? entry.embedded(fileSet) : null,
        entry.address(),
        name,
        problems);
  }

  public String name() {
    return name;
  }

  /** Returns the physical address of the session's entry. */
  public long address() {
    return address;
  }

  /** Returns the path of the session. */
  public Where where() {
    return where;
  }

  /** Returns an exception for a session whose name another session has. */
  public HandoverException ambiguous() {
    return where.broken(address, "another session also has this name");
  }

  /**
   * Returns the number of files that the session's entry records; 0 where the entry has no field
   * for it.
   */
  public long fileCount() {
    return fileSet == null ? 0 : fileSet.get(LuoFileSet.COUNT);
  }

  long requirePossibleCount(long presentBytes) {
    long most = presentBytes / LuoFile.STRUCTURE.headerSize();
    if (Long.compareUnsigned(fileCount(), most) > 0) {
      throw where.broken(
          address,
          "count is %s, but the source has room for only %d"
              .formatted(Long.toUnsignedString(fileCount()), most));
    }
    return fileCount();
  }

  /**
   * Returns the files in order, each read on request.
   *
   * @throws HandoverException if the list is broken; a terminal operation throws it where the list
   *     breaks off, behind the files before
   */
  public Stream<PreservedFile> files() {
    if (fileSet == null) {
      return Stream.empty();
    }
    long count = fileCount();
    long[] files = new long[1];
    Stream<PreservedFile> listed =
        EntryList.entries(
                handover.memory(),
                where.in("files"),
                version.fileList(),
                EntryList.files(version).address(fileSet),
                LuoFile.STRUCTURE,
                count)
            .map(entry -> {
              if (files[0]++ == count) {
                throw where.broken(
                    address, "count is %d, but the list holds more files".formatted(count));
              }
              return PreservedFile.read(handover, where, entry, problems);
            });
    // Behind the last file: checks the number of files against the session's count.
    Stream<PreservedFile> end =
        Stream.of(count)
            .flatMap(wanted -> {
              if (files[0] != wanted) {
                throw where.broken(
                    address,
                    "count is %d, but the list of files holds %d".formatted(wanted, files[0]));
              }
              return Stream.empty();
            });
    return WalkStream.of(Stream.concat(listed, end));
  }

  /**
   * Returns the file of a token, if there is one.
   *
   * @throws HandoverException if the list is broken, or two files have the token
   */
  public Optional<PreservedFile> file(long token) {
    return files()
        .filter(file -> file.token() == token)
        .reduce((first, other) -> {
          throw other.ambiguous();
        });
  }
}
