package org.kho4j.lab.scenario;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;

/**
 * The kernel's own selftests of LUO, out of its source: {@code tools/testing/selftests/liveupdate}.
 * One of the tests needs a single kernel; the others have a first stage, and a second behind the
 * jump. Linux 7.1 does not have all of them.
 */
final class Selftests {

  private static final String SINGLE = "liveupdate";
  private static final List<String> STAGED =
      List.of("luo_kexec_simple", "luo_multi_session", "luo_stress_sessions", "luo_stress_files");

  private Selftests() {}

  static void run(Run run) throws Exception {
    Map<String, Path> programs = compile(run);
    Script first = new Script().line("run /%s", SINGLE);
    Script second = new Script();
    List<String> staged = STAGED.stream().filter(programs::containsKey).toList();
    for (String test : staged) {
      if (!run.contradict() || !test.equals(staged.getFirst())) {
        first.line("run /%s -s 1", test);
      }
      second.line("run /%s -s 2", test);
    }
    Guest guest =
        run.boot(
            Machine.small(run.kernel()),
            new Stage(run.kernel(), "", first, programs),
            new Stage(run.kernel(), "", second, programs));
    guest.await("lab: ran /%s: 0".formatted(SINGLE));
    guest.stopAtJump();
    if (!run.contradict()) {
      run.same("what is in the sessions", expected(staged), found(HandedOver.only(guest.memory())));
    }
    guest.leaveJump();
    for (String test : staged) {
      guest.await("lab: ran /%s: 0".formatted(test));
    }
    guest.awaitEnd();
  }

  private static Map<String, Path> compile(Run run) throws IOException, InterruptedException {
    Path source = run.kernel().source(run.lab());
    Path folder = source.resolve("tools/testing/selftests/liveupdate");
    Path headers = Files.createDirectories(run.directory().resolve("include/linux"));
    Files.copy(
        source.resolve("include/uapi/linux/liveupdate.h"),
        headers.resolve("liveupdate.h"),
        StandardCopyOption.REPLACE_EXISTING);
    Map<String, Path> programs = new LinkedHashMap<>();
    List<String> tests =
        Stream.concat(Stream.of(SINGLE), STAGED.stream())
            .filter(test -> Files.exists(folder.resolve(test + ".c")))
            .toList();
    for (String test : tests) {
      List<String> sources = new ArrayList<>(List.of("-w", "-D_GNU_SOURCE="));
      sources.add("-I" + headers.getParent());
      sources.add("-I" + folder.resolve("lib/include"));
      sources.add(folder.resolve(test + ".c").toString());
      // What they share: in lib since 7.3, beside them before.
      Stream.of("lib/lu_utils.c", "luo_test_utils.c")
          .map(folder::resolve)
          .filter(Files::exists)
          .forEach(file -> sources.add(file.toString()));
      Path program = run.directory().resolve(test);
      Guest.compile(run, run.kernel().arch(), program, sources.toArray(String[]::new));
      programs.put(test, program);
    }
    return programs;
  }

  /** Returns the expected content by the sources of the tests: session and token, and the text. */
  private static Map<String, String> expected(List<String> staged) {
    Map<String, String> files = new TreeMap<>();
    staged.forEach(test -> expect(test, files));
    return files;
  }

  private static void expect(String test, Map<String, String> files) {
    switch (test) {
      case "luo_kexec_simple" -> {
        files.put("kexec_simple_state 0x3e7", "2");
        files.put("test-session 0x1a", "hello kexec world");
      }
      case "luo_multi_session" -> {
        files.put("kexec_multi_state 0x3e6", "2");
        files.put("multi-test-empty-1", "");
        files.put("multi-test-empty-2", "");
        files.put("multi-test-files-1 0x1001", "Data for session files 1");
        files.put("multi-test-files-2 0x2002", "First file for session files 2");
        files.put("multi-test-files-2 0x3003", "Second file for session files 2");
      }
      case "luo_stress_sessions" -> {
        files.put("kexec_many_state 0x3e7", "2");
        for (int session = 0; session < 2000; session++) {
          files.put("many-test-" + session, "");
        }
      }
      case "luo_stress_files" -> {
        files.put("kexec_many_files_state 0x270f", "2");
        for (int file = 0; file < 500; file++) {
          files.put("many_files_session 0x%x".formatted(file), "file-data-" + file);
        }
      }
      default -> throw new IllegalArgumentException(test);
    }
  }

  private static Map<String, String> found(Handover handover) {
    Map<String, String> files = new TreeMap<>();
    handover
        .client(LiveUpdate.CLIENT)
        .orElseThrow()
        .sessions()
        .forEach(session -> {
          int before = files.size();
          session
              .files()
              .forEach(file -> {
                Memfd memfd = file.as(Memfd.HANDLER).orElseThrow();
                files.put("%s 0x%x".formatted(session.name(), file.token()), text(handover, memfd));
              });
          if (files.size() == before) {
            files.put(session.name(), "");
          }
        });
    return files;
  }

  private static String text(Handover handover, Memfd memfd) {
    StringBuilder text = new StringBuilder();
    memfd.forEachFolio((address, index, flags) -> {
      MemorySegment page = handover.memory().physical().read(address, memfd.size());
      text.append(page.getString(0));
    });
    return text.toString();
  }
}
