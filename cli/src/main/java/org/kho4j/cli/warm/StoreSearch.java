package org.kho4j.cli.warm;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.OtherFile;
import org.kho4j.cli.content.PreservedContent;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.content.ContentMemory;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;
import org.kho4j.verify.systemd.FdStoreReader;
import org.kho4j.warm.WarmException;
import org.kho4j.warm.WarmView;

/** Finds warm stores: in a file, or in the memfds that the handovers of a memory image have. */
public final class StoreSearch {

  private static final byte[] MAGIC = WarmView.MAGIC.getBytes(StandardCharsets.US_ASCII);

  /**
   * What begins as a store does: a memfd, or the source itself.
   *
   * @param where the memfd is in its session; the root for the source
   * @param fd the unit and the name under which systemd stored it, if it did
   * @param memory its bytes
   */
  public record StoredFile(Where where, Optional<Fd> fd, ContentMemory memory) {

    /** Returns the source itself as a store; empty if it does not begin as one does. */
    public static Optional<StoredFile> ofSource(PhysicalMemory source) {
      if (!WarmView.beginsAt(source, 0)) {
        return Optional.empty();
      }
      HandoverMemory memory = new HandoverMemory(source, PageSize.SIZE_4K);
      Content all = Content.contiguous(memory, "/", 0, source.source().bytes());
      return Optional.of(
          new StoredFile(Where.ROOT, Optional.empty(), new ContentMemory(memory, all)));
    }

    /** Returns whether it is the source itself. */
    boolean isSource() {
      return where.equals(Where.ROOT);
    }

    /**
     * Reads the store.
     *
     * @throws WarmException if it is damaged, or of another layout
     */
    public WarmView store() {
      return WarmView.read(memory, memory.size());
    }
  }

  /** Takes a store. */
  interface Visitor {
    /**
     * Takes a store.
     *
     * @param file of a memory image; null if the store is a file of its own
     */
    void store(WarmView store, @Nullable StoredFile file) throws IOException;
  }

  private StoreSearch() {}

  /** Returns whether it is a regular file that begins as a store does. */
  static boolean isStore(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    }
  }

  /**
   * Visits the store in a file, or all stores of a memory image.
   *
   * @return {@link Command#OK}, or {@link Command#BAD_ANSWER} if a store cannot be opened
   * @throws IOException if there is no store
   */
  static int forEach(Invocation invocation, Path path, Visitor visitor) throws IOException {
    if (isStore(path)) {
      return whole(invocation, () -> visitor.store(WarmView.read(path), null));
    }
    try (PhysicalMemory memory = invocation.open(path)) {
      Optional<StoredFile> source = StoredFile.ofSource(memory);
      if (source.isPresent()) {
        return whole(invocation, () -> visitor.store(source.get().store(), source.get()));
      }
      int[] readAndRefused = new int[2];
      for (Handover handover : HandoverSearch.in(invocation, memory).handovers()) {
        forEachFile(
            handover,
            file -> {
              try {
                visitor.store(file.store(), file);
                readAndRefused[0]++;
              } catch (WarmException e) {
                invocation.note(
                    Units.printablePath(file.where().toString())
                        + ": "
                        + Units.printable(String.valueOf(e.getMessage())));
                readAndRefused[1]++;
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            problem -> invocation.note(Units.printable(problem)));
      }
      if (readAndRefused[0] + readAndRefused[1] == 0) {
        throw new IOException(
            OtherFile.sentence(memory)
                .orElseGet(() ->
                    ("%s: no warm store: the file is neither a store nor a memory image with a store"
                            + " in a memfd")
                        .formatted(path)));
      }
      return readAndRefused[1] == 0 ? Command.OK : Command.BAD_ANSWER;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Visits the store that the source is. */
  private static int whole(Invocation invocation, Visit visit) throws IOException {
    try {
      visit.run();
      return Command.OK;
    } catch (WarmException e) {
      invocation.note(Units.printable(String.valueOf(e.getMessage())));
      return Command.BAD_ANSWER;
    }
  }

  private interface Visit {
    void run() throws IOException;
  }

  /**
   * Visits every memfd that begins as a store does.
   *
   * @param problems takes what cannot be read
   */
  public static void forEachFile(
      Handover handover, Consumer<StoredFile> visitor, Consumer<HandoverException> problems) {
    if (!handover.hasMap()) {
      return;
    }
    try {
      handover
          .client(LiveUpdate.CLIENT)
          .ifPresent(luo -> {
            PreservedContent contents = new PreservedContent(handover);
            handover.subtree(LuoSer.SUBTREE).ifPresent(contents::requireHead);
            luo.sessions(problems).forEach(session -> files(session, contents, visitor, problems));
          });
    } catch (HandoverException e) {
      problems.accept(e);
    }
  }

  private static void files(
      Session session,
      PreservedContent contents,
      Consumer<StoredFile> visitor,
      Consumer<HandoverException> problems) {
    contents.require(session);
    FdStoreMapping systemd = mapping(session, problems);
    session
        .files()
        .forEach(file -> {
          try {
            file(file, contents, systemd).ifPresent(visitor);
          } catch (HandoverException e) {
            problems.accept(e);
          }
        });
  }

  private static @Nullable FdStoreMapping mapping(
      Session session, Consumer<HandoverException> problems) {
    try {
      return FdStoreMapping.isIn(session) ? FdStoreReader.read(session) : null;
    } catch (HandoverException e) {
      problems.accept(e);
      return null;
    }
  }

  private static Optional<StoredFile> file(
      PreservedFile file, PreservedContent contents, @Nullable FdStoreMapping systemd) {
    HandoverMemory handover = file.handover().memory();
    return file.as(Memfd.HANDLER)
        .filter(memfd -> beginsAsAStore(handover.physical(), memfd.content()))
        .map(memfd -> contents.memfd(file, memfd))
        .map(content -> new ContentMemory(handover, content))
        .map(memory ->
            new StoredFile(
                file.where(),
                Optional.ofNullable(systemd).flatMap(mapping -> mapping.fd(file.token())),
                memory));
  }

  private static boolean beginsAsAStore(PhysicalMemory memory, Content content) {
    long first = content.firstAddress();
    return first != 0 && content.size() >= MAGIC.length && WarmView.beginsAt(memory, first);
  }
}
