package org.kho4j.preflight;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kho4j.abi.Component;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.LuoVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.Wire;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.metadata.Metadata;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.preflight.image.Architecture;

/** Takes from a handover itself what it consists of, and which versions it is written in. */
public final class HandedReader {

  private final Handover handover;
  private final Map<String, List<String>> versions = new HashMap<>();
  private final Set<String> handlers = new HashSet<>();
  private final Set<String> flbs = new HashSet<>();
  private final List<String> strangers = new ArrayList<>();
  private List<ReserveMem> reservations = List.of();
  private Optional<String> release = Optional.empty();

  private HandedReader(Handover handover) {
    this.handover = handover;
  }

  /**
   * A kernel that is known by what it hands over alone.
   *
   * @param profile what it must speak to have written this
   */
  public record Outgoing(Profile profile, Handed handed) {}

  /**
   * Reads a handover.
   *
   * @param source what to call it, for people
   * @throws org.kho4j.handover.wire.HandoverException if a part of it is broken, or of a version that is
   *     not known
   */
  public static Outgoing read(Handover handover, String source) {
    return new HandedReader(handover).read(source);
  }

  private Outgoing read(String source) {
    String compatible = handover.root().compatible();
    versions.put(Parts.KHO.name(), List.of(compatible));
    Optional<KhoVersion> version = KhoVersion.of(compatible);
    if (version.isPresent()) {
      List<HandoverException> problems = new ArrayList<>();
      List<Subtree> subtrees = handover.subtrees(problems::add);
      if (!problems.isEmpty()) {
        throw problems.getFirst();
      }
      subtrees.forEach(this::readOrName);
    }
    Map<String, Speech> parts = new HashMap<>();
    versions.forEach((name, found) -> parts.put(name, Speech.yes(found, "it is handed over so")));
    for (Part part : Parts.ALL) {
      parts.putIfAbsent(part.name(), Speech.no("nothing of it is handed over"));
    }
    Set<String> used = new HashSet<>(versions.keySet());
    Optional<MapForm> form = version.flatMap(_ -> mapForm());
    Profile profile =
        new Profile(
            source,
            release,
            Architecture.UNKNOWN,
            Optional.of(handover.pageSize()),
            parts,
            Optional.empty(),
            Optional.of(Layouts.ofVersions(parts, handover.pageSize(), form)),
            form.map(known -> known.radixConstants(handover.pageSize())).orElse(Map.of()),
            Optional.empty());
    return new Outgoing(profile, new Handed(used, handlers, flbs, reservations, strangers, true));
  }

  /** The form of the preserved map, if that is known. */
  private Optional<MapForm> mapForm() {
    try {
      MapEvidence evidence = handover.mapEvidence();
      return evidence.certainty() == MapEvidence.Certainty.UNSURE
          ? Optional.empty()
          : Optional.of(evidence.form());
    } catch (HandoverException notFinalized) {
      return Optional.empty();
    }
  }

  /** A subtree of a version that is not known here is still known by its name and version. */
  private void readOrName(Subtree subtree) {
    try {
      read(subtree);
    } catch (HandoverException broken) {
      List<String> claimed = claimed(subtree);
      Part part =
          Parts.ALL.stream()
              .filter(one -> claimed.stream().anyMatch(version -> isOf(one, version, subtree)))
              .findFirst()
              .orElseThrow(() -> broken);
      boolean known =
          Contract.VERSIONS.stream()
              .map(ContractVersion::compatible)
              .anyMatch(compatible -> compatible != null && claimed.contains(compatible));
      if (known) {
        throw broken;
      }
      versions.put(part.name(), claimed);
    }
  }

  /** A bare number is a version of what it stands in. */
  private static boolean isOf(Part part, String version, Subtree subtree) {
    boolean number = !version.isEmpty() && version.chars().allMatch(Character::isDigit);
    return number ? part.name().equals(subtree.name()) : part.isOf(version);
  }

  /** The versions that a blob gives as its own, in the way of any version so far. */
  private List<String> claimed(Subtree subtree) {
    MemorySegment blob =
        handover
            .memory()
            .physical()
            .read(subtree.address(), Math.min(subtree.size(), BlobVersions.MAX_LENGTH));
    if (subtree.name().equals(Metadata.CLIENT.subtree()) && blob.byteSize() >= Integer.BYTES) {
      return List.of(Long.toString(Wire.u32(blob, KexecMetadata.VERSION)));
    }
    return Fdt.isMagic(blob) ? BlobVersions.of(tree(subtree)) : BlobVersions.leading(blob);
  }

  private FdtNode tree(Subtree subtree) {
    return handover.memory().tree(subtree.where(), subtree.address(), subtree.size());
  }

  private void read(Subtree subtree) {
    String name = subtree.name();
    if (name.equals(Component.LUO.subtree().orElseThrow())) {
      luo(subtree);
    } else if (name.equals(FdtLayout.MEMBLOCK_SUBTREE)) {
      reservations = ReserveMem.CLIENT.read(handover, subtree);
      versions.put(
          Parts.MEMBLOCK.name(),
          List.of(FdtLayout.MEMBLOCK.compatible(), FdtLayout.RESERVE_MEM_COMPATIBLE));
    } else if (name.equals(Metadata.CLIENT.subtree())) {
      Metadata metadata = Metadata.CLIENT.read(handover, subtree);
      release = Optional.of(metadata.previousRelease());
      versions.put(Parts.KEXEC_METADATA.name(), List.of(Long.toString(metadata.version())));
    } else if (name.equals(FdtLayout.KHO_TEST_SUBTREE)) {
      handover.tree(subtree, FdtLayout.KHO_TEST);
      versions.put(Parts.KHO_TEST.name(), List.of(FdtLayout.KHO_TEST.compatible()));
    } else {
      strangers.add(name);
    }
  }

  private void luo(Subtree subtree) {
    LiveUpdate luo = LiveUpdate.CLIENT.read(handover, subtree);
    versions.put(
        Parts.LUO.name(),
        luo.version().head() == LuoVersion.Head.FDT
            ? BlobVersions.of(tree(subtree))
            : List.of(luo.version().compatible()));
    luo.forEachSession(session -> session.forEachFile(file -> handlers.add(file.compatible())));
    for (Flb flb : luo.flbs()) {
      if (flb.count() != 0) {
        flbs.add(flb.name());
      }
    }
    put(Parts.MEMFD, handlers);
    put(Parts.FLB, flbs);
  }

  private void put(Part part, Set<String> names) {
    List<String> own =
        names.stream().filter(name -> part.stems().contains(Speech.stem(name))).sorted().toList();
    if (!own.isEmpty()) {
      versions.put(part.name(), own);
    }
  }
}
