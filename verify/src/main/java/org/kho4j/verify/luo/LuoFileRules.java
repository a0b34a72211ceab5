package org.kho4j.verify.luo;

import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFileSet;
import org.kho4j.abi.LuoVersion;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.memfd.MemfdRules;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;

/** The files of a session. */
public final class LuoFileRules {

  /**
   * The kernel's handling of a session with an unreadable list of files, before and after a fix.
   */
  private static final String BROKEN_LIST =
      "Every open of /dev/liveupdate fails with EIO (7.1.8, 7.2.6, 7.3.4). 6.19, which lacks the"
          + " fix of 2026, ignores errors in a session's files: the session is restored with a"
          + " part of them, without a message.";

  public static final Rule COUNT =
      Rule.error(
          "LUO-007",
          "The number of a session's files equals its count.",
          BROKEN_LIST,
          "The count or a block of files was overwritten.");

  public static final Rule NO_FILES =
      Rule.error(
          "LUO-008",
          "A session whose count is not 0 has a list of files.",
          "The kernel warns, and treats the session as empty (6.19 to 7.3): the files are lost.",
          "The pointer became 0.");

  public static final Rule HANDLER =
      Rule.error(
          "LUO-009",
          "Every file's handler has 1 to 47 bytes and a NUL.",
          "The kernel finds no handler. "
              + BROKEN_LIST
              + " Without a NUL, the kernel compares beyond the field.",
          "The entry was overwritten.");

  public static final Rule UNKNOWN_HANDLER =
      Rule.warning(
          "LUO-010",
          "Every file's handler is known.",
          "If the next kernel has the handler, the file is restored. Otherwise: " + BROKEN_LIST,
          "Make sure that the next kernel has the driver, and loads it before a program opens"
              + " /dev/liveupdate. The file's data were not checked.",
          Outcome.RESTORED,
          Outcome.FAILED);

  public static final Rule SAME_TOKEN =
      Rule.error(
          "LUO-011",
          "No two files of a session have the same token.",
          "Not checked (6.19 to 7.3): a retrieve finds the first file, and never the second; its"
              + " data are freed when the session is finished.",
          "A kernel never writes the same token twice: the entry was overwritten.");

  public static final Rule NO_DATA =
      Rule.error(
          "LUO-015",
          "Every file has data.",
          "The handler receives 0 as the address of its structure (6.19 to 7.3): the retrieve"
              + " fails or faults, and the file is lost (inferred).",
          "The entry was overwritten; or a live update was aborted after its freeze and tried"
              + " again: before the fix of early 2026, the kernel then wrote 0.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule ONE_BAD =
      Rule.warning(
          "LUO-012",
          "All files of a session can be retrieved.",
          "Retrieving the valid files works (6.19 to 7.3), and each broken file fails separately:"
              + " a service that needs all files starts with a part of them.",
          "See the findings about these files.",
          Outcome.FAILED,
          Outcome.LOST);

  private final Scene scene;
  private final Where session;
  private final Words tokens = new Words();
  private long files;
  private long bad;
  private String firstBad = "";

  private LuoFileRules(Scene scene, Where session) {
    this.scene = scene;
    this.session = session;
  }

  static void check(
      Scene scene, Where session, LuoVersion version, StructureView fileSet, long address) {
    long first = fileSet.address(version.filesPointer());
    long count = fileSet.get(LuoFileSet.COUNT);
    if (first == 0) {
      if (count != 0) {
        scene.reportBroken(
            NO_FILES,
            session,
            address,
            "count is %s, but files is 0",
            Long.toUnsignedString(count));
      }
      return;
    }
    LuoFileRules rules = new LuoFileRules(scene, session);
    long found =
        ListRules.check(
            scene,
            session.in("files"),
            version.fileList(),
            first,
            LuoFile.STRUCTURE,
            count,
            rules::file);
    if (found >= 0 && found != count) {
      scene.report(
          COUNT,
          session,
          address,
          "count is %s, but the list of files holds %d",
          Long.toUnsignedString(count),
          found);
    }
    if (rules.bad > 0 && rules.bad < rules.files) {
      scene.report(
          ONE_BAD,
          session,
          address,
          "%d of %d files have errors, the first is %s",
          rules.bad,
          rules.files,
          rules.firstBad);
    }
  }

  private void file(StructureView entry) {
    long address = entry.address();
    long token = entry.get(LuoFile.TOKEN);
    Where where = session.in("file 0x" + Long.toHexString(token));
    scene.read(where, entry);
    long errors = scene.findings().errors();
    files++;
    scene.count("files", 1);
    long first = tokens.putIfAbsent(token, address);
    if (first != 0) {
      scene.report(
          SAME_TOKEN, where, address, "the file at 0x%x has the token 0x%x as well", first, token);
    }
    try {
      String handler = entry.text(LuoFile.COMPATIBLE, where);
      handled(where, handler, entry.get(LuoFile.DATA), address);
    } catch (HandoverException e) {
      scene.reportBroken(HANDLER, e);
    }
    if (scene.findings().errors() > errors && bad++ == 0) {
      firstBad = "0x" + Long.toHexString(token);
    }
  }

  private void handled(Where where, String handler, long data, long address) {
    if (handler.isEmpty()) {
      scene.reportBroken(HANDLER, where, address, "compatible is empty");
      return;
    }
    boolean memfd = MemfdRules.handles(handler);
    if (!memfd) {
      scene.findings().unknownOwner();
      scene.report(
          UNKNOWN_HANDLER, where, address, "no release has a file handler \"%s\"", handler);
    }
    if (data == 0) {
      scene.reportBroken(NO_DATA, where, address, "data is 0");
    } else if (memfd) {
      MemfdRules.check(scene, where, handler, data, address);
    } else {
      DevelopmentLayout.ofFileHandler(handler)
          .ifPresent(layout -> DevelopmentRules.check(scene, where, layout, data, address));
    }
  }
}
