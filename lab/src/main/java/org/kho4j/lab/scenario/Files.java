package org.kho4j.lab.scenario;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;

/** The sessions and memfds that a guest has to preserve, and that are then checked. */
public final class Files {

  /**
   * A memfd.
   *
   * @param seed of its content
   * @param every of its pages only those whose number this divides are written, the others zero
   * @param seals put on it
   */
  public record File(String session, long token, long bytes, long seed, long every, int seals) {

    public File(String session, long token, long bytes, long seed) {
      this(session, token, bytes, seed, 1, 0);
    }
  }

  private final Run run;
  private final List<File> files;

  public Files(Run run, List<File> files) {
    this.run = run;
    this.files = List.copyOf(files);
  }

  /** Makes the guest preserve them; returns the script. */
  public Script preserve(Script script) {
    String session = "";
    for (File file : files) {
      if (!file.session.equals(session)) {
        session = file.session;
        script.line("session %s", session);
      }
      script.line(
          "memfd %d %d %d %d %d",
          file.token, file.bytes, run.told(file.seed), file.every, file.seals);
    }
    return script;
  }

  /** Makes the next guest retrieve them, and check every byte; returns the script. */
  public Script retrieve(Script script) {
    String session = "";
    for (File file : files) {
      if (!file.session.equals(session)) {
        finish(script, session);
        session = file.session;
        script.line("retrieve %s", session);
      }
      script.line(
          "check %d %d %d %d %d",
          file.token, file.bytes, run.told(file.seed), file.every, file.seals);
    }
    finish(script, session);
    return script.line("say retrieved");
  }

  private static void finish(Script script, String session) {
    if (!session.isEmpty()) {
      script.line("finish");
    }
  }

  /** Checks that a handover has exactly them, byte for byte. */
  void verify(Handover handover) {
    run.fact("sessions", facts());
    LiveUpdate luo = handover.client(LiveUpdate.CLIENT).orElseThrow();
    Map<String, Map<Long, PreservedFile>> found = new HashMap<>();
    luo.sessions().forEach(session -> found.put(session.name(), filesOf(session)));
    Map<String, Set<Long>> expected = new HashMap<>();
    files.forEach(
        file -> expected.computeIfAbsent(file.session, name -> new HashSet<>()).add(file.token));
    Map<String, Set<Long>> tokens = new HashMap<>();
    found.forEach((session, preserved) -> tokens.put(session, preserved.keySet()));
    run.same("the sessions, and the tokens of their files,", expected, tokens);
    for (File file : files) {
      PreservedFile preserved =
          Objects.requireNonNull(Objects.requireNonNull(found.get(file.session)).get(file.token));
      Memfd memfd = preserved.as(Memfd.HANDLER).orElseThrow();
      run.same("the size of " + preserved.where(), file.bytes, memfd.size());
      // A kernel adds F_SEAL_EXEC by itself where memfds are not executable.
      run.same(
          "the seals of " + preserved.where(), file.seals, (int) memfd.seals().orElse(0) & 0x1f);
      verifyContent(handover, preserved, memfd, file);
    }
  }

  /** Returns the facts about the files that the guest has to preserve. */
  private List<Map<String, Object>> facts() {
    Map<String, List<Map<String, Object>>> sessions = new LinkedHashMap<>();
    for (File file : files) {
      sessions.computeIfAbsent(file.session, name -> new ArrayList<>()).add(facts(file));
    }
    List<Map<String, Object>> facts = new ArrayList<>();
    sessions.forEach((name, of) -> {
      Map<String, Object> session = new LinkedHashMap<>();
      session.put("name", name);
      session.put("files", of);
      facts.add(session);
    });
    return facts;
  }

  private Map<String, Object> facts(File file) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("token", file.token);
    facts.put("size", file.bytes);
    facts.put("seals", file.seals);
    facts.put("sha256", WordPattern.of(run).sha256(file, run.kernel().pageSize().bytes()));
    return facts;
  }

  private static Map<Long, PreservedFile> filesOf(Session session) {
    Map<Long, PreservedFile> files = new HashMap<>();
    session.files().forEach(file -> files.put(file.token(), file));
    return files;
  }

  private void verifyContent(Handover handover, PreservedFile preserved, Memfd memfd, File file) {
    long page = handover.pageSize().bytes();
    var lookup = handover.preservedMap().lookup();
    long[] bytes = new long[1];
    List<long[]> wrong = new ArrayList<>();
    memfd.forEachFolio((address, index, flags) -> {
      int order = lookup.orderAt(address);
      if (order < 0) {
        wrong.add(new long[] {address, index});
        return;
      }
      for (long i = 0; i < 1L << order && (index + i) * page < file.bytes; i++) {
        long offset = (index + i) * page;
        long length = Math.min(page, file.bytes - offset);
        var content = handover.memory().physical().read(address + i * page, page);
        long mismatch =
            (index + i) % file.every == 0
                ? WordPattern.of(run).mismatch(content.asSlice(0, length & -8L), file.seed, offset)
                : WordPattern.nonZero(content, offset);
        if (mismatch >= 0) {
          wrong.add(new long[] {address, mismatch / page});
        }
        bytes[0] += length;
      }
    });
    run.check(
        wrong.isEmpty(),
        "%s has %d pages of other content, the first in the folio at 0x%x",
        preserved.where(),
        wrong.size(),
        wrong.isEmpty() ? 0 : wrong.getFirst()[0]);
    run.same("the bytes in the folios of " + preserved.where(), file.bytes, bytes[0]);
  }
}
