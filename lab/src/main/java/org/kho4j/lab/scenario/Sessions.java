package org.kho4j.lab.scenario;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.Structure;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.KernelVersions;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import org.kho4j.lab.scenario.Files.File;

/** From Java to Linux: kernels are booted on sessions of memfds that no kernel wrote. */
final class Sessions {

  private static final int SEAL_SHRINK_GROW_WRITE = 0xf;
  private static final int SHRINK_FUTURE_WRITE = 0x12;

  /** Sizes that end within a page and within a word, seals, pages that are holes. */
  private static final List<File> FILES =
      List.of(
          new File("orders", 0, (9 << 20) + 4097, 31),
          new File("orders", 1, 4095, 32),
          new File("orders", 2, 0, 33),
          new File("orders", Long.MAX_VALUE, 5 << 20, 34),
          new File("sealed", 1, 12345, 35, 1, SEAL_SHRINK_GROW_WRITE),
          new File("sealed", 2, 1 << 20, 36, 1, SHRINK_FUTURE_WRITE),
          new File("holes", 1, (3 << 20) + 17, 37, 2, 0),
          new File("holes", 2, 1 << 20, 38, 7, 0),
          new File("n".repeat(63), 7, 4096, 39));

  private static final long MANY_BYTES = 100;
  private static final long MANY_SEED = 40;

  private Sessions() {}

  /** All of them are retrieved, every byte and every seal. */
  static void restored(Run run) throws Exception {
    boot(run, false).awaitEnd();
  }

  /**
   * Changes one bit of a file, which the guest notices. First boots the same handover unchanged.
   */
  static void wrongContent(Run run) throws Exception {
    try (Guest guest = boot(run, false)) {
      guest.awaitEnd();
    }
    boot(run, !run.contradict());
  }

  private static Guest boot(Run run, boolean wrong) throws Exception {
    Authored authored = Authored.begin(run);
    List<SavedSession> sessions = new ArrayList<>();
    List<Piece> pieces = new ArrayList<>();
    for (String name : FILES.stream().map(File::session).distinct().toList()) {
      List<SavedFile> files = new ArrayList<>();
      for (File file : FILES) {
        if (file.session().equals(name)) {
          files.add(save(run, authored.generation(), file, pieces));
        }
      }
      sessions.add(new SavedSession(name, files));
    }
    handOver(run, authored, sessions);
    if (wrong) {
      Restored.flipBit(authored.generation().segment(pieces.getLast().folio()));
    }
    Script script = new Files(run, FILES).retrieve(new Script());
    Guest guest = authored.boot(new Stage(run.kernel(), "", script));
    guest.await(Restored.FOUND);
    guest.await(wrong ? "lab: FAILED content of the memfd" : "lab: retrieved");
    return guest;
  }

  /** Sessions that take several blocks, or a full array. */
  static void manySessions(Run run) throws Exception {
    KernelVersions versions = run.kernel().versions();
    long most = versions.maxSessions(run.kernel().pageSize());
    // With 64K pages more of them do not fit into the guest's window.
    int count = Math.min(many(run, versions.luo().sessionList(), most), 2000);
    Authored authored = Authored.begin(run);
    List<SavedSession> sessions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      File file = new File("s%05d".formatted(i), 0, MANY_BYTES, MANY_SEED + i);
      SavedFile saved = save(run, authored.generation(), file, new ArrayList<>());
      sessions.add(new SavedSession(file.session(), List.of(saved)));
    }
    handOver(run, authored, sessions);
    Script script = new Script();
    script.line("checks %d 1 %d %d", count, MANY_BYTES, run.told(MANY_SEED)).line("say retrieved");
    Guest guest = authored.boot(new Stage(run.kernel(), "", script));
    guest.await("lab: retrieved");
    guest.awaitEnd();
  }

  /** A session whose files take several blocks, or a full array. */
  static void manyFiles(Run run) throws Exception {
    KernelVersions versions = run.kernel().versions();
    long most = versions.maxFiles(run.kernel().pageSize());
    int count = many(run, versions.luo().fileList(), most);
    Authored authored = Authored.begin(run);
    List<File> files =
        IntStream.range(0, count).mapToObj(i -> new File("many", i, MANY_BYTES, 50 + i)).toList();
    List<SavedFile> saved = new ArrayList<>();
    for (File file : files) {
      saved.add(save(run, authored.generation(), file, new ArrayList<>()));
    }
    handOver(run, authored, List.of(new SavedSession("many", saved)));
    Script script = new Files(run, files).retrieve(new Script());
    Guest guest = authored.boot(new Stage(run.kernel(), "", script));
    guest.await("lab: retrieved");
    guest.awaitEnd();
  }

  private static int many(Run run, Structure list, long most) {
    return list.has(KhoBlock.COUNT) ? run.kernel().pageSize().bytes() / 20 : (int) most;
  }

  private static void handOver(Run run, Authored authored, List<SavedSession> sessions)
      throws IOException {
    long files = sessions.stream().mapToLong(session -> session.files().size()).sum();
    LiveUpdateSaver.save(
        authored.generation(), run.kernel().versions().luo(), 1, sessions, flbs(files));
    authored.handOver();
  }

  /**
   * Returns the FLBs that the kernel's own liveupdate test hands over beside files, and looks for.
   */
  private static List<Flb> flbs(long files) {
    return IntStream.range(0, 3)
        .mapToObj(i -> new Flb("liveupdate-test-flb-v" + i, 0xfeedf00dcafebee0L + i, files))
        .toList();
  }

  private static SavedFile save(Run run, Generation generation, File file, List<Piece> all)
      throws IOException {
    List<Piece> pieces = pieces(run, generation, file);
    all.addAll(pieces);
    MemfdSaver.fill(generation, file.bytes(), pieces, WordPattern.of(run).source(file.seed()));
    return MemfdSaver.save(
        generation,
        run.kernel().versions().memfd(),
        file.session(),
        file.token(),
        new SavedMemfd(file.bytes(), 0, file.seals(), pieces));
  }

  /** Folios of all orders up to what a huge mapping has, or single pages with holes between. */
  private static List<Piece> pieces(Run run, Generation generation, File file) {
    int top = run.kernel().pageSize().shift() == 12 ? 9 : 4;
    long pages = Math.ceilDiv(file.bytes(), generation.pageSize().bytes());
    List<Piece> pieces = new ArrayList<>();
    for (long index = 0; index < pages; ) {
      int fits = 63 - Long.numberOfLeadingZeros(pages - index);
      int aligned = Math.min(Long.numberOfTrailingZeros(index), fits);
      int wanted = file.every() > 1 ? 0 : (pieces.size() * 7 + 3) % (top + 1);
      int order = Math.min(wanted, aligned);
      pieces.add(new Piece(generation.allocate(order), index));
      index += file.every() > 1 ? file.every() : 1L << order;
    }
    return pieces;
  }
}
