package org.kho4j.verify.luo;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoTree;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.Releases;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;
import org.kho4j.verify.subtree.BlobRules;
import org.kho4j.verify.systemd.FdStoreMapping;

/** The head of LUO's state, and its sessions; their files are {@link LuoFileRules}'. */
public final class LuoRules {

  private static final String PANIC =
      "The kernel panics in early boot, even with liveupdate=off, if KHO is on (7.2.6, 7.3.4;"
          + " observed for another string).";

  public static final Rule SIZE =
      Rule.error(
          "LUO-001",
          "The blob has at least the 32 bytes of its head.",
          PANIC,
          "blob-size was overwritten, or the blob has another version.",
          Outcome.PANIC);

  public static final Rule VERSION =
      Rule.error(
          "LUO-002",
          "The head names a known version of LUO.",
          PANIC,
          "The head was overwritten. (A newer version is reported as LUO-017.) kho abi versions"
              + " luo lists the versions.",
          Outcome.PANIC);

  public static final Rule RELEASED =
      Rule.info(
          "LUO-003",
          "A release writes this version of LUO.",
          "Every released kernel panics in early boot; only a kernel from a development tree"
              + " between 7.1 and 7.2-rc1 accepts the version.",
          "luo-v2, luo-v3 and luo-v4 existed only during the 7.2 merge window.",
          Outcome.RESTORED,
          Outcome.PANIC);

  public static final Rule PRESERVED =
      Rule.error(
          "LUO-004",
          "The page of the head is preserved as a block of order 0.",
          "The next kernel frees the page right after reading it in early boot (7.2, 7.3). If no"
              + " preserved block begins there, the kernel warns about an untagged page, and leaks"
              + " it. If a larger block begins there, the kernel frees all of it without a"
              + " warning, whoever owns it. A page that is not preserved at all may have been"
              + " overwritten before.",
          "The writing kernel preserved the page with another order.",
          Outcome.RESTORED,
          Outcome.WARNED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule NAME =
      Rule.error(
          "LUO-005",
          "Every session's name has 1 to 63 bytes and a NUL.",
          "Not refused (7.3.4): the kernel cuts off a name without a NUL, and no program can"
              + " retrieve a session with an empty name. The session is not found by its original"
              + " name; other sessions are.",
          "The entry was overwritten.");

  public static final Rule SAME_NAME =
      Rule.error(
          "LUO-006",
          "No two sessions have the same name.",
          "The kernel refuses the list when it reads it: every open of /dev/liveupdate fails with"
              + " EIO, and no session can be retrieved (7.1.8, 7.2.6, 7.3.4).",
          "A kernel never writes the same name twice: the list was overwritten, or a block is in"
              + " it twice.");

  public static final Rule TREE =
      Rule.error(
          "LUO-013",
          "The device tree of luo-v1 or luo-v2 has the nodes, strings and properties of its version.",
          "If a property or node is missing or has another string, the kernel panics in early"
              + " boot, even with liveupdate=off, if KHO is on (7.1.8; also 7.2.6 and 7.3.4, whose"
              + " blob is not a tree; 6.19 and 7.0 call the same macro, but its body there was not"
              + " verified).",
          "The tree was overwritten. luo-session-v1 existed only in patches before 6.19.",
          Outcome.PANIC);

  public static final Rule FLB_NODE =
      Rule.info(
          "LUO-014",
          "luo-v1 has the node luo-flb.",
          "6.19 writes luo-v1 without the node, and accepts it. 7.0 and 7.1 also use luo-v1, but"
              + " panic in early boot if the node is missing (7.1.8).",
          "Hand over only to 6.19, or to a kernel without LUO.",
          Outcome.RESTORED,
          Outcome.PANIC);

  public static final Rule OTHER_RELEASE =
      Rule.error(
          "LUO-016",
          "The versions of KHO and LUO occur together in a release.",
          "No kernel accepts both: another version of KHO disables revival, and another version of"
              + " LUO causes a panic in early boot (7.3.4).",
          "One of the two strings was overwritten.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule NEWER =
      Rule.warning(
          "LUO-017",
          "The version of LUO is known, and exists in a release.",
          "Every released kernel panics in early boot, even with liveupdate=off, if KHO is on. A"
              + " kernel that has the version, or supports the required features, accepts it.",
          "A kernel that is newer than this tool, or from a development tree, wrote it. If the"
              + " layout of the version is unknown, the sessions were not checked: use a newer"
              + " kho.",
          Outcome.RESTORED,
          Outcome.PANIC);

  private final Scene scene;
  private final Where where;
  private final Words names = new Words();
  private boolean hasSystemd;

  private LuoRules(Scene scene, Where where) {
    this.scene = scene;
    this.where = where;
  }

  public static void check(Scene scene, Subtree subtree, MemorySegment blob) {
    Where where = subtree.where();
    long address = subtree.address();
    int size = LuoSer.STRUCTURE.headerSize();
    if (blob.byteSize() < size) {
      boolean tree =
          scene.memory().physical().contains(address, size)
              && Fdt.isMagic(scene.memory().bytes(where, address, size));
      scene.reportBroken(
          tree ? BlobRules.BLOB_SIZE : SIZE,
          where,
          address,
          "the blob has %d bytes, fewer than %d",
          blob.byteSize(),
          size);
      return;
    }
    @Nullable LuoHead head = head(scene, subtree, blob);
    if (head == null) {
      return;
    }
    scene.requireBlock(PRESERVED, where, address, 0);
    boolean isBlob = head.address() == address;
    Where state = isBlob ? where : where.in(LuoTree.ABI_HEADER.name());
    if (!isBlob) {
      scene.own(PRESERVED, state, head.address(), 0);
    }
    if (head.version().state() != null) {
      scene.read(state, scene.memory().view(state, head.address(), head.version().state()));
    }
    String kho = scene.handover().root().compatible();
    Releases luo = head.version().releases();
    KhoVersion.of(kho)
        .map(KhoVersion::releases)
        .filter(releases -> releases.released() && luo.released() && !releases.overlaps(luo))
        .ifPresent(releases ->
            scene.report(
                OTHER_RELEASE,
                where,
                address,
                "%s is the version of Linux %s, but %s is that of Linux %s",
                head.version().compatible(),
                luo,
                kho,
                releases));
    long gaps = scene.gaps();
    LuoRules rules = new LuoRules(scene, where);
    rules.sessions(head);
    long files = scene.gaps() == gaps ? scene.findings().counted("files") : -1;
    if (rules.hasSystemd && !scene.claims().isNaming()) {
      SystemdRules.check(scene);
    }
    if (head.version().flbs()) {
      FlbRules.check(scene, where.in("flbs"), head.address(), head.flbs(), files);
    }
  }

  private static @Nullable LuoHead head(Scene scene, Subtree subtree, MemorySegment blob) {
    Where where = subtree.where();
    long address = subtree.address();
    if (Fdt.isMagic(blob)) {
      try {
        scene.memory().tree(where, address, subtree.size());
      } catch (HandoverException e) {
        scene.reportBroken(TREE, e);
        return null;
      }
    }
    LuoVersion version;
    try {
      version = LuoHead.version(scene.memory(), subtree);
    } catch (HandoverException e) {
      scene.findings().unknownOwner();
      scene.report(e.isNewer() ? NEWER : VERSION, e);
      if (e.isNewer()) {
        scene.findings().notChecked("LUO's sessions: " + e.problem());
      } else {
        scene.findings().brokenOwner();
      }
      return null;
    }
    if (version.isDevelopment()) {
      scene.report(NEWER, where, address, "a newer contract, of a development tree: %s", version);
    } else if (!version.releases().released()) {
      scene.report(RELEASED, where, address, "the blob is of %s", version);
    }
    LuoHead head;
    try {
      head = LuoHead.read(scene.memory(), subtree);
    } catch (HandoverException e) {
      scene.reportBroken(TREE, e);
      return null;
    }
    if (!head.version().flbs()) {
      scene.report(FLB_NODE, where, address, "the device tree has no node %s", LuoTree.FLB_NODE);
    }
    if (!head.session().has(head.version().fileSet())) {
      scene.report(TREE, where, address, "the sessions are of %s", LuoTree.SESSION_V1);
    }
    return head;
  }

  private void sessions(LuoHead head) {
    ListRules.check(
        scene,
        where.in("sessions"),
        head.version().sessionList(),
        head.sessions(),
        head.session(),
        0,
        entry -> session(head, entry));
  }

  private void session(LuoHead head, StructureView entry) {
    long address = entry.address();
    scene.count("sessions", 1);
    Where place = where.in("session");
    try {
      String name = entry.text(LuoSession.NAME, place);
      place = where.named("session", name);
      scene.read(place, entry);
      hasSystemd |= name.equals(FdStoreMapping.SESSION);
      if (name.isEmpty()) {
        scene.report(NAME, place, address, "the name is empty");
      } else {
        long first = names.putIfAbsent(Words.hash(entry.chars(LuoSession.NAME)), address);
        if (first != 0) {
          scene.report(
              SAME_NAME,
              place,
              address,
              "the session at 0x%x has the name \"%s\" as well",
              first,
              name);
        }
      }
    } catch (HandoverException e) {
      scene.report(NAME, e);
      scene.read(place, entry);
    }
    Field fileSet = head.version().fileSet();
    if (head.session().has(fileSet)) {
      LuoFileRules.check(scene, place, head.version(), entry.embedded(fileSet), address);
    }
  }
}
