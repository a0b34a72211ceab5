package org.kho4j.lab.scenario;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Run;

/**
 * A Java program that opens LUO's device itself: memory files in a session, every refusal that it
 * can meet, and the same content in the next kernel. At the jump, kho finds it in the RAM.
 */
final class LiveUpdateFromJava {

  private static final int FILES = 3;

  private LiveUpdateFromJava() {}

  static void run(Run run) throws Exception {
    Guest guest = GuestDisk.boot(run, FILES, "init=/lab/luo");
    guest.await("lab: release " + Pattern.quote(GuestDisk.release(run)));
    guest.await("lab: a second open: .*another process has the device open");
    guest.await("lab: a second session of that name: .*a session with this name exists");
    guest.await("lab: a used token: .*the token is used already");
    guest.stopAtJump();
    for (int token = 1; token <= FILES; token++) {
      check(run, token);
    }
    guest.leaveJump();
    guest.await("lab: release 7\\.3");
    guest.await("lab: a session of another name: .*handed over no session with this name");
    guest.await("lab: a token that nobody has: .*no descriptor has that token");
    guest.await("lab: a session that was retrieved: .*the session was already retrieved");
    guest.await("lab: %d files are the same".formatted(FILES));
    guest.awaitEnd();
  }

  /** The content that {@code LiveUpdateGuest} stored. */
  private static void check(Run run, int token) throws Exception {
    Path file = run.directory().resolve("file" + token);
    KhoCommand.run(
        run,
        List.of(
            "extract",
            run.ram().toString(),
            "--session",
            "java",
            "--token",
            Integer.toString(token),
            "-o",
            file.toString(),
            "--force"));
    MemorySegment words = MemorySegment.ofArray(Files.readAllBytes(file));
    run.same("bytes of file " + token, 12_345L * token * 8, words.byteSize());
    for (long i = 0; i < 12_345L * token; i++) {
      run.same(
          "word %d of file %d".formatted(i, token),
          ((long) token << 32) + i,
          words.getAtIndex(StructureView.U64, i));
    }
  }
}
