package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.Where;
import org.kho4j.handover.Wire;

/** The head of LUO's state, and its sessions; their files are {@link LuoFileRules}'. */
final class LuoRules {

  private static final String PANIC =
      "Kernel panic in early boot, also with liveupdate=off, as long as KHO is on (7.2.6, 7.3.4; observed for another string).";

  static final Rule SIZE =
      Rule.error(
          "LUO-001",
          "The blob has at least the 32 bytes of its head.",
          PANIC,
          "blob-size was overwritten, or the blob is of another version.");

  static final Rule VERSION =
      Rule.error(
          "LUO-002",
          "The head names a version of LUO that a released kernel reads.",
          PANIC,
          "A kernel that is newer than this tool knows, or an overwritten head. kho abi versions luo lists them.");

  static final Rule NOT_READ =
      Rule.warning(
          "LUO-003",
          "The version of LUO is one that can be verified here.",
          "A kernel that speaks another version panics in early boot; one that speaks this version may well take it.",
          "Nothing of LUO was checked but the head. luo-v5 is verified.");

  static final Rule PRESERVED =
      Rule.error(
          "LUO-004",
          "The head has a block of order 0 of its own, preserved as that.",
          "The next kernel frees it right after reading it in early boot: a block that is not preserved as that is a warning"
              + " about an untagged page, and leaks (7.2, 7.3).",
          "Somebody preserved the page with another order.");

  static final Rule NAME =
      Rule.error(
          "LUO-005",
          "Every session's name has 1 to 63 bytes and a NUL.",
          "7.2.6 and 7.3.4 refuse it: every open of /dev/liveupdate fails with EIO, and no session can be retrieved.",
          "The entry was overwritten.");

  static final Rule SAME_NAME =
      Rule.error(
          "LUO-006",
          "No two sessions have the same name.",
          "Refused when the list is read: every open of /dev/liveupdate fails with EIO, and no session can be retrieved"
              + " (7.2.6, 7.3.4).",
          "The kernel that wrote it does not let it happen: the list was overwritten, or a block is in it twice.");

  static final Rule COUNT =
      Rule.error(
          "LUO-007",
          "A session has as many files as its count says.",
          "EINVAL: every open of /dev/liveupdate fails with EIO (7.2.6, 7.3.4).",
          "The count or a block of files was overwritten.");

  static final Rule NO_FILES =
      Rule.error(
          "LUO-008",
          "A session that has a count of files has a list of them.",
          "A warning, and the session is taken as empty (6.19 to 7.3): the files are lost.",
          "The pointer became 0.");

  private final Scene scene;
  private final Where where;
  private final Words names = new Words();

  private LuoRules(Scene scene, Where where) {
    this.scene = scene;
    this.where = where;
  }

  static void check(Scene scene, Subtree subtree, MemorySegment blob) {
    Findings findings = scene.findings();
    Where where = subtree.where();
    long address = subtree.address();
    if (Fdt.isMagic(blob)) {
      findings.report(
          NOT_READ,
          where,
          address,
          "the blob is a device tree, as in luo-v1 and luo-v2, which cannot be verified yet");
      return;
    }
    int size = LuoSer.STRUCTURE.headerSize();
    if (blob.byteSize() < size) {
      findings.report(
          SIZE, where, address, "the blob has %d bytes, fewer than %d", blob.byteSize(), size);
      return;
    }
    String compatible;
    try {
      compatible = Wire.text(blob, LuoSer.COMPATIBLE, where, address);
    } catch (HandoverException e) {
      findings.report(VERSION, e);
      return;
    }
    Optional<LuoVersion> version = LuoVersion.of(compatible);
    if (version.isEmpty() || version.get().head() != LuoVersion.Head.STRUCTURE) {
      findings.report(
          VERSION, where, address, "compatible \"%s\" is none of %s", compatible, LuoVersion.ALL);
      return;
    }
    if (version.get().files() != LuoVersion.Listing.BLOCKS) {
      findings.report(
          NOT_READ, where, address, "compatible \"%s\" cannot be verified yet", compatible);
      return;
    }
    if (scene.preserved().isKnown() && !scene.preserved().isBlock(address, 0)) {
      findings.report(
          PRESERVED,
          where,
          address,
          "0x%x %s, and not preserved as a block of order 0",
          address,
          scene.preserved().describe(address));
    }
    new LuoRules(scene, where).sessions(blob);
    FlbRules.check(scene, where.in("flbs"), address, Wire.u64(blob, LuoSer.FLBS_PA));
  }

  private void sessions(MemorySegment ser) {
    BlockRules.check(
        scene,
        where.in("sessions"),
        Wire.u64(ser, LuoSer.SESSIONS_PA),
        LuoSession.STRUCTURE.headerSize(),
        this::session);
  }

  private void session(MemorySegment entry, long address) {
    scene.counts().add("sessions", 1);
    Where place = where.in("session");
    try {
      String name = Wire.text(entry, LuoSession.NAME, place, address);
      place = where.named("session", name);
      if (name.isEmpty()) {
        scene.findings().report(NAME, place, address, "the name is empty");
      } else {
        long first = names.putIfAbsent(Hash.of(entry, LuoSession.NAME), address);
        if (first != 0) {
          scene
              .findings()
              .report(
                  SAME_NAME,
                  place,
                  address,
                  "the session at 0x%x has the name \"%s\" as well",
                  first,
                  name);
        }
      }
    } catch (HandoverException e) {
      scene.findings().report(NAME, e);
    }
    LuoFileRules.check(scene, place, Wire.embedded(entry, LuoSession.FILE_SET), address);
  }
}
