package org.kho4j.cli.author;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoTree;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;

/** The state of the Live Update Orchestrator. */
final class LuoSpec implements SubtreeSpec {

  private static final String PATH = "/" + LuoSer.SUBTREE;

  record SessionSpec(SpecPlace place, String name, List<FileSpec> files) implements SpecPart {}

  /** A file of a session. */
  sealed interface FileSpec extends SpecPart {
    long token();
  }

  /** A file of which nothing is known but its entry. */
  record PlainFile(SpecPlace place, long token, String handler, long data) implements FileSpec {}

  /**
   * A memfd.
   *
   * @param seals the F_SEAL_* bits
   * @param flags of every folio
   * @param slots its folios
   * @param content from the file's start on; what it has for a hole is left out
   */
  record MemfdSpec(
      SpecPlace place,
      long token,
      MemfdVersion version,
      long size,
      long position,
      int seals,
      int flags,
      List<Slot> slots,
      Fill content)
      implements FileSpec {

    private long bytes(PageSize pageSize) {
      return slots.stream().mapToLong(slot -> pageSize.blockBytes(slot.order)).sum();
    }

    private OptionalInt order(String path, PageSize pageSize) {
      if (path.isEmpty()) {
        return OptionalInt.of(0);
      }
      int folio = Orders.index(path, "/folio ", slots.size());
      if (folio >= 0) {
        return OptionalInt.of(slots.get(folio).order);
      }
      long bytes = (long) slots.size() * MemfdFolio.STRUCTURE.headerSize();
      long pages = Math.ceilDiv(bytes, pageSize.bytes());
      return pages == 0 ? OptionalInt.empty() : AreaSpec.order(path, "/folios", pages, 0, pageSize);
    }
  }

  /**
   * A folio of a file.
   *
   * @param index its offset in the file, in base pages
   */
  record Slot(long index, int order) {}

  record FlbSpec(SpecPlace place, String name, long data, long count) {}

  private final SpecPlace place;
  private final LuoVersion version;
  private final long number;
  private final List<SessionSpec> sessions;
  private final List<FlbSpec> flbs;
  private final Map<String, SessionSpec> byPath = new HashMap<>();

  /**
   * A state.
   *
   * @param version to write
   * @param number of the live update
   */
  LuoSpec(
      SpecPlace place,
      LuoVersion version,
      long number,
      List<SessionSpec> sessions,
      List<FlbSpec> flbs) {
    this.place = place;
    this.version = version;
    this.number = number;
    this.sessions = List.copyOf(sessions);
    this.flbs = List.copyOf(flbs);
    sessions.forEach(one -> byPath.put(SavedSession.path(one.name), one));
  }

  @Override
  public SpecPlace place() {
    return place;
  }

  @Override
  public String name() {
    return LuoSer.SUBTREE;
  }

  LuoVersion version() {
    return version;
  }

  long number() {
    return number;
  }

  List<SessionSpec> sessions() {
    return sessions;
  }

  List<FlbSpec> flbs() {
    return flbs;
  }

  @Override
  public OptionalInt order(String path, PageSize pageSize) {
    boolean one =
        path.isEmpty()
            || (path.equals("/flbs") && version.flbs())
            || (path.equals("/" + LuoTree.ABI_HEADER.name())
                && version.head() == LuoVersion.Head.FDT_POINTER);
    if (one) {
      return OptionalInt.of(0);
    }
    OptionalInt list =
        listOrder(path, "/sessions", version.sessionList(), sessions.size(), pageSize);
    return list.isPresent() ? list : sessionOrder(path, pageSize);
  }

  private OptionalInt sessionOrder(String path, PageSize pageSize) {
    String whole = PATH + path;
    int end = whole.length();
    @Nullable SessionSpec session = null;
    while (session == null && (end = whole.lastIndexOf('/', end - 1)) > 0) {
      session = byPath.get(whole.substring(0, end));
    }
    if (session == null) {
      return OptionalInt.empty();
    }
    String below = whole.substring(end);
    for (FileSpec file : session.files) {
      String prefix = "/file 0x" + Long.toHexString(file.token());
      if (file instanceof MemfdSpec memfd
          && (below.equals(prefix) || below.startsWith(prefix + "/"))) {
        return memfd.order(below.substring(prefix.length()), pageSize);
      }
    }
    return listOrder(below, "/files", version.fileList(), session.files.size(), pageSize);
  }

  private static OptionalInt listOrder(
      String path, String name, Structure list, int count, PageSize pageSize) {
    boolean isPart =
        list.has(KhoBlock.COUNT)
            ? Orders.index(path, name + "/block ", Math.ceilDiv(count, list.capacity(pageSize)))
                >= 0
            : path.equals(name);
    return isPart ? OptionalInt.of(list.lifetime().order()) : OptionalInt.empty();
  }

  private List<MemfdSpec> memfds() {
    return sessions.stream()
        .flatMap(session -> session.files.stream())
        .filter(MemfdSpec.class::isInstance)
        .map(MemfdSpec.class::cast)
        .toList();
  }

  @Override
  public long bytes(PageSize pageSize) {
    return memfds().stream().mapToLong(memfd -> memfd.bytes(pageSize)).sum();
  }

  @Override
  public long written(PageSize pageSize) {
    return memfds().stream().mapToLong(memfd -> memfd.content.written(memfd.bytes(pageSize))).sum();
  }
}
