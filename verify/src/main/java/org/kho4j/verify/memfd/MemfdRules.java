package org.kho4j.verify.memfd;

import java.util.Optional;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.vmalloc.VmallocRules;

/**
 * Rules for the data that the memfd handler hands over for a file; {@link MemfdFolioRules} has
 * those for the folios.
 */
public final class MemfdRules {

  public static final Rule VERSION =
      Rule.error(
          "MEMFD-001",
          "The handler's string is a version of memfd that a released kernel reads.",
          "The kernel finds no handler: every open of /dev/liveupdate fails with EIO, and no"
              + " session can be retrieved (7.2.6, 7.3.4; observed).",
          "The string was overwritten. (A newer version is reported as MEMFD-019.) kho abi"
              + " versions memfd lists the versions.");

  public static final Rule STRUCTURE =
      Rule.error(
          "MEMFD-002",
          "A memfd's structure is a page in memory.",
          "The kernel warns, fails to restore the page, and the retrieve fails; beyond memory, it"
              + " faults (7.3).",
          "The data field of the file's entry was overwritten.",
          Outcome.FAILED,
          Outcome.PANIC);

  public static final Rule PRESERVED =
      Rule.error(
          "MEMFD-003",
          "A memfd's structure is preserved as a block of order 0.",
          "The kernel warns when it restores the page, and the retrieve fails (7.3). The page may"
              + " have been overwritten before.",
          "The writing kernel unpreserved the page, or preserved it with another order.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule SEALS =
      Rule.error(
          "MEMFD-004",
          "Only existing seals are set: 0x3f.",
          "The retrieve fails with EOPNOTSUPP (7.1 to 7.3), and the file is lost.",
          "A newer kernel with a new seal wrote the structure, or it was overwritten.");

  public static final Rule FLAGS =
      Rule.warning(
          "MEMFD-005",
          "flags is 0.",
          "Not checked (7.1 to 7.3): the kernel ignores unknown flags.",
          "A newer kernel wrote the structure, or it was overwritten.");

  public static final Rule ROOM =
      Rule.error(
          "MEMFD-006",
          "The array of folios has room for nr_folios.",
          "Not checked (7.3): the kernel reads beyond the end of its mapping, and faults.",
          "nr_folios or the descriptor folios was overwritten.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule EMPTY =
      Rule.error(
          "MEMFD-007",
          "A memfd has folios if and only if its size is not 0.",
          "Not checked (7.3): the file is restored with its size and no content, or with memory"
              + " beyond its end.",
          "size or nr_folios was overwritten.");

  public static final Rule SIZE =
      Rule.error(
          "MEMFD-008",
          "The size is below 2^63, as a file's size must be.",
          "Not checked (7.3): the file has a negative size, and every use of it fails.",
          "size was overwritten.");

  public static final Rule POSITION =
      Rule.error(
          "MEMFD-018",
          "The position is below 2^63, as a file position must be.",
          "The kernel refuses the position without a message (6.19 to 7.3): the file is restored"
              + " with position 0 (inferred) and all of its content (7.1.8).",
          "pos was overwritten.",
          Outcome.RESTORED,
          Outcome.LOST);

  public static final Rule NEWER =
      Rule.warning(
          "MEMFD-019",
          "The version of memfd is known, and exists in a release.",
          "No released kernel has a handler with this name: every open of /dev/liveupdate fails"
              + " with EIO. A kernel that has the handler, and supports the required features,"
              + " restores the file.",
          "A kernel that is newer than this tool, or from a development tree, wrote it. If the"
              + " layout of the version is unknown, the file was not checked: use a newer kho.",
          Outcome.RESTORED,
          Outcome.FAILED);

  public static final Rule FEATURES =
      Rule.warning(
          "MEMFD-020",
          "If the handler's string has no version, a feature header precedes the memfd.",
          "Unknown: no release has such headers. By their definition, a reader refuses features"
              + " that it does not support.",
          "The layout has changed since kho4j recorded it, or the structure was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED);

  private MemfdRules() {}

  /** Returns whether a handler is memfd's, of any version. */
  public static boolean handles(String handler) {
    return handler.startsWith("memfd-v") || MemfdVersion.of(handler).isPresent();
  }

  public static void check(Scene scene, Where where, String handler, long data, long entry) {
    Optional<MemfdVersion> version = MemfdVersion.of(handler);
    if (version.isEmpty()) {
      scene.findings().unknownOwner();
      if (MemfdVersion.isNewer(handler)) {
        scene.report(NEWER, where, entry, "a newer contract: %s", handler);
        return;
      }
      scene.report(VERSION, where, entry, "\"%s\" is none of %s", handler, MemfdVersion.ALL);
      return;
    }
    StructureView structure = scene.view(STRUCTURE, where, data, version.get().structure());
    if (structure == null) {
      return;
    }
    if (version.get().isDevelopment()) {
      scene.report(
          NEWER, where, entry, "a newer contract, of a development tree: %s", version.get());
    }
    StructureView ser;
    try {
      ser = Memfd.body(version.get(), where, structure);
    } catch (HandoverException e) {
      scene.findings().unknownOwner();
      scene.report(e.isNewer() ? NEWER : FEATURES, e);
      return;
    }
    scene.count("memfds", 1);
    if (!scene.own(PRESERVED, where, data, 0)) {
      return; // Whoever had it first was checked.
    }
    switches(scene, where, ser);
    content(scene, where, version.get(), ser);
  }

  /** Checks the fields that hold bits, where the version has them. */
  private static void switches(Scene scene, Where where, StructureView ser) {
    if (ser.structure().has(MemfdSer.SEALS)) {
      long seals = ser.get(MemfdSer.SEALS);
      if ((seals & ~(long) MemfdSer.SEALS_MASK) != 0) {
        scene.report(
            SEALS, where, ser.address(), "seals is 0x%x, beyond 0x%x", seals, MemfdSer.SEALS_MASK);
      }
    }
    if (ser.structure().has(MemfdSer.FLAGS)) {
      long flags = ser.get(MemfdSer.FLAGS);
      if (flags != 0) {
        scene.report(FLAGS, where, ser.address(), "flags is 0x%x, not 0", flags);
      }
    }
  }

  /** Checks the size, and the array of folios. */
  private static void content(Scene scene, Where where, MemfdVersion version, StructureView ser) {
    long data = ser.address();
    long size = ser.get(MemfdSer.SIZE);
    long count = ser.get(version.nrFolios());
    long position = ser.get(MemfdSer.POS);
    StructureView folios = scene.read(where.in("folios"), ser.embedded(version.folios()));
    Descriptor descriptor = Descriptor.of(folios);
    if (position < 0) {
      scene.report(
          POSITION, where, data, "pos is %s, not below 2^63", Long.toUnsignedString(position));
    }
    if (size < 0) {
      scene.report(SIZE, where, data, "size is %s, not below 2^63", Long.toUnsignedString(size));
      size = Long.MAX_VALUE;
    }
    if ((size == 0) != (count == 0)) {
      scene.report(
          EMPTY,
          where,
          data,
          "size is %d, but nr_folios is %s",
          size,
          Long.toUnsignedString(count));
    }
    int entry = MemfdFolio.STRUCTURE.headerSize();
    long room = descriptor.totalPages() * scene.pageSize().bytes() / entry;
    if (Long.compareUnsigned(count, room) > 0) {
      scene.report(
          ROOM,
          where,
          data,
          "nr_folios is %s, but %s",
          Long.toUnsignedString(count),
          descriptor.room(scene.pageSize(), entry));
      count = room;
    }
    MemfdFolioRules rules =
        new MemfdFolioRules(scene, where, data, size, count, version.folioFlagsVary());
    VmallocRules.check(
        scene, where.in("folios"), descriptor, (order, run, bytes) -> rules.run(run, bytes));
    rules.end();
  }
}
