package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoSer;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.luo.LuoRules;
import org.kho4j.verify.map.MapRules;
import org.kho4j.verify.map.PreservationRules;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.scene.Words;
import org.kho4j.verify.subtree.BlobRules;
import org.kho4j.verify.subtree.KhoTestRules;
import org.kho4j.verify.subtree.MemblockRules;
import org.kho4j.verify.subtree.MetadataRules;
import org.kho4j.verify.unclaimed.OwnerRules;

/** The root FDT, and the blobs that it lists. */
final class FdtRules {

  private static final String NO_REVIVAL =
      "The kernel warns and logs \"disabling KHO revival\" (all releases). It boots, and"
          + " everything preserved is lost.";

  static final Rule FORM =
      Rule.error(
          "FDT-001",
          "The root FDT is a well-formed flattened device tree.",
          "Damage in the header: the kernel warns, disables revival, and everything is lost (all"
              + " releases). Damage after the header: the kernel does not find properties or"
              + " nodes, with the same result, or it loses a subtree.",
          "The page was overwritten: compare it with the debugfs file kho/out/fdt of the writing"
              + " kernel.");

  static final Rule SIZE =
      Rule.warning(
          "FDT-002",
          "The root FDT is not larger than its page.",
          "The kernel does not compare totalsize with the size in the boot record (7.3). Only the"
              + " first page is preserved: the next kernel reuses the memory after it.",
          "The header was overwritten, or --page-size is too small.");

  static final Rule VERSION =
      Rule.error(
          "FDT-003",
          "The root FDT names a version that a released kernel reads.",
          NO_REVIVAL,
          "The string was overwritten. (A newer version is reported as FDT-015.) kho abi lists"
              + " the versions.");

  static final Rule UNRELEASED =
      Rule.info(
          "FDT-004",
          "The version exists in a release.",
          "No released kernel has the version: each disables revival, and everything is lost.",
          "A kernel between two releases wrote it. Hand over to a kernel of the same tree.",
          Outcome.LOST);

  static final Rule MAP_PROPERTY =
      Rule.error(
          "FDT-005",
          "The root FDT has a property preserved-memory-map of 8 bytes.",
          NO_REVIVAL
              + " Up to 6.18, the kernel logs an error, KHO stays on, and no memory is"
              + " reserved.",
          "The page was overwritten, or the handover was not finalized (before 7.1).");

  static final Rule MAP_ZERO =
      Rule.error(
          "FDT-006",
          "The address of the preserved map is not 0.",
          "Since 6.19, the kernel warns and logs \"disabling KHO revival\"; it boots, and"
              + " everything preserved is lost. 6.16 to 6.18 treat it as an empty map without a"
              + " log message: they reserve nothing, and the page of the root FDT is free memory"
              + " (by their source).",
          "Since 7.1, a kernel never writes 0: the page was overwritten.");

  static final Rule PROPERTIES =
      Rule.error(
          "FDT-007",
          "Every subtree has the address and size of its blob: preserved-data and blob-size, of 8"
              + " bytes each. In kho-v1 it has only fdt, in kho-v2 only preserved-data, and the"
              + " blob is a device tree.",
          "The subtree's owner gets EINVAL, even if it does not use the size (7.2.6, 7.3.4). LUO"
              + " panics.",
          "The page was overwritten, or a kernel with kho-v2, which had no blob-size, wrote it.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule SAME_BLOB =
      Rule.error(
          "FDT-011",
          "No two subtrees have the same blob.",
          "Not checked (all releases): both owners parse the same bytes. When the second owner"
              + " frees them, the kernel warns about an untagged page.",
          "A subtree was added twice, or an address was overwritten.");

  static final Rule ROOT_PRESERVED =
      Rule.error(
          "FDT-012",
          "The root FDT's own page is preserved as a block of order 0.",
          "Not checked (all releases): the page is free memory for the next kernel. Clients find"
              + " their subtrees in it until the page is overwritten: all clients that read them"
              + " during boot do (7.3.4).",
          "Or the handover is consumed: the next kernel has read its map, and reused the map's"
              + " pages.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule CONSUMED =
      Rule.info(
          "FDT-013",
          "The handover has not been consumed yet.",
          "The kernel whose memory this is received this handover, read its map in early boot and"
              + " freed it. This is the normal course.",
          "Only the root FDT was checked. Verify a memory image from the jump, or from before the"
              + " jump.");

  static final Rule NOT_FINALIZED =
      Rule.warning(
          "FDT-014",
          "A handover of kho-v1 is finalized.",
          "Nothing is handed over. 6.19 and 7.0 disable revival; 6.16 to 6.18 treat 0 as an empty"
              + " map, and reserve nothing (by their source). With liveupdate=on, 6.19 and 7.0"
              + " finalize the handover during the reboot.",
          "Write 1 to the debugfs file kho/out/finalize before the jump; up to 6.18 before the kexec load.",
          Outcome.RESTORED,
          Outcome.LOST);

  static final Rule NEWER =
      Rule.warning(
          "FDT-015",
          "The version is known, and exists in a release.",
          "Every released kernel disables revival, and everything is lost. A kernel with this"
              + " version restores it.",
          "A kernel that is newer than this tool, or from a development tree, wrote it. If the"
              + " layout of the version is unknown, nothing else was checked: use a newer kho.",
          Outcome.RESTORED,
          Outcome.LOST);

  private final Scene scene;
  private final FdtNode tree;
  private final long address;
  private final Words blobs = new Words();

  private FdtRules(Scene scene) {
    this.scene = scene;
    this.tree = scene.handover().root().tree();
    this.address = scene.handover().root().address();
  }

  /** Returns whether the handover's version can be verified. */
  static boolean version(Scene scene) {
    String compatible = scene.handover().root().compatible();
    long address = scene.handover().root().address();
    Optional<KhoVersion> version = KhoVersion.of(compatible);
    if (scene.handover().isNewer()) {
      scene.report(
          NEWER,
          Where.ROOT,
          address,
          "a newer contract: %s, whose layout is not known here",
          compatible);
      scene.findings().notChecked("all that " + compatible + " hands over: its layout is unknown");
      return false;
    }
    if (version.isEmpty()) {
      scene.report(
          VERSION,
          Where.ROOT,
          address,
          "compatible \"%s\" is none of %s",
          compatible,
          KhoVersion.ALL);
      return false;
    }
    if (version.get().isDevelopment()) {
      scene.report(
          NEWER, Where.ROOT, address, "a newer contract, of a development tree: %s", compatible);
    } else if (!version.get().releases().released()) {
      scene.report(
          UNRELEASED,
          Where.ROOT,
          address,
          "compatible \"%s\" is %s",
          compatible,
          version.get().releases());
    }
    return true;
  }

  /** Checks the root FDT and the map; the preserved pages are known afterwards. */
  static void check(Scene scene) {
    FdtRules rules = new FdtRules(scene);
    long size = scene.handover().root().totalSize();
    if (size > scene.pageSize().bytes()) {
      scene.report(
          SIZE,
          Where.ROOT,
          rules.address,
          "totalsize is %d, but a page has %d bytes",
          size,
          scene.pageSize().bytes());
    }
    PreservedMap map = rules.map();
    if (map != null) {
      MapRules.check(scene, map, Where.ROOT.in(KhoVersion.MAP_PROPERTY));
    }
  }

  private @Nullable PreservedMap map() {
    Where where = Where.ROOT.in(KhoVersion.MAP_PROPERTY);
    long root;
    try {
      root = TreeValue.number(tree, scene.handover().version().mapPointer(), where, address);
    } catch (HandoverException e) {
      scene.report(MAP_PROPERTY, e);
      return null;
    }
    if (root == 0 && scene.handover().version().finalized()) {
      scene.report(NOT_FINALIZED, where, address, "preserved-memory-map is 0: there is no map yet");
      return null;
    }
    if (root == 0) {
      scene.report(MAP_ZERO, where, address, "preserved-memory-map is 0");
      return null;
    }
    try {
      return scene.handover().preservedMap();
    } catch (HandoverException e) {
      scene.report(PreservationRules.POINTER, e);
      return null;
    }
  }

  /** Walks everything that has an owner, below the root FDT. */
  static void owners(Scene scene) {
    FdtRules rules = new FdtRules(scene);
    scene.own(ROOT_PRESERVED, Where.ROOT, rules.address, 0);
    for (FdtNode node : rules.tree.children()) {
      try {
        rules.subtree(scene.handover().subtree(node));
      } catch (HandoverException e) {
        scene.reportBroken(PROPERTIES, e);
      }
    }
  }

  private void subtree(Subtree subtree) {
    scene.count("subtrees", 1);
    if (blobs.putIfAbsent(subtree.address(), 1) != 0) {
      scene.report(
          SAME_BLOB,
          subtree.where(),
          subtree.address(),
          "another subtree has the blob at 0x%x as well",
          subtree.address());
    }
    MemorySegment blob = BlobRules.read(scene, subtree);
    if (blob == null) {
      return;
    }
    scene.claims().visitor().blob(subtree.where(), subtree.address(), blob);
    switch (subtree.name()) {
      case KexecMetadata.SUBTREE -> MetadataRules.check(scene, subtree, blob);
      case FdtLayout.MEMBLOCK_SUBTREE -> MemblockRules.check(scene, subtree, blob);
      case FdtLayout.KHO_TEST_SUBTREE -> KhoTestRules.check(scene, subtree, blob);
      case LuoSer.SUBTREE -> LuoRules.check(scene, subtree, blob);
      default -> OwnerRules.unknownSubtree(scene, subtree);
    }
  }
}
