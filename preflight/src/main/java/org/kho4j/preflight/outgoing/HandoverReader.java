package org.kho4j.preflight.outgoing;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.kho4j.handover.Metadata;
import org.kho4j.handover.luo.FeatureHeader;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.part.BlobVersions;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;

/** Reads the parts of a handover in memory, with their versions and states. */
public final class HandoverReader {

  private static final String HANDED_OVER = "it is in the handover";

  private final Handover handover;
  private final Map<String, Support> parts = new HashMap<>();
  private final Map<String, String> newer = new LinkedHashMap<>();
  private final Map<String, HandoverException> unreadable = new LinkedHashMap<>();
  private final Set<String> handlers = new HashSet<>();
  private final Set<String> flbs = new HashSet<>();
  private final List<String> unknownSubtrees = new ArrayList<>();
  private long sessions;
  private Set<String> possible = Set.of();
  private List<ReserveMem> reservations = List.of();
  private Optional<String> release = Optional.empty();
  private Optional<FeatureHeader> memfdFeatures = Optional.empty();

  private HandoverReader(Handover handover) {
    this.handover = handover;
  }

  /**
   * Returns the versions of each part in a handover, by the names of the parts, without a check.
   */
  public static Map<String, Support> parts(Handover handover) {
    HandoverReader reader = new HandoverReader(handover);
    reader.readParts();
    return Map.copyOf(reader.parts);
  }

  /** Reads a handover, and checks it with {@link Verifier.Options#ALL}. */
  public static OutgoingKernel read(Handover handover, String source) {
    return read(handover, source, Verifier.Options.ALL);
  }

  /**
   * Reads a handover and checks it. {@link HandoverContent#integrity} records damaged parts.
   *
   * @param source its name for people
   * @param options rules to check, and the scratch regions
   */
  public static OutgoingKernel read(Handover handover, String source, Verifier.Options options) {
    return new HandoverReader(handover).read(source, options);
  }

  private Optional<KhoVersion> readParts() {
    String compatible = handover.root().compatible();
    put(Part.KHO, List.of(compatible));
    Optional<KhoVersion> version = KhoVersion.of(compatible);
    if (version.isPresent()) {
      handover.root().tree().children().forEach(this::readOrName);
    } else {
      newer.put(Part.KHO.name(), compatible);
    }
    return version;
  }

  private OutgoingKernel read(String source, Verifier.Options options) {
    Optional<KhoVersion> version = readParts();
    Profile profile =
        HandoverProfile.of(
            source,
            release,
            architecture(),
            handover.pageSize(),
            version.flatMap(_ -> mapForm()),
            parts,
            possible);
    HandoverContent content =
        new HandoverContent(
            parts.keySet(),
            possible,
            handlers,
            flbs,
            reservations,
            unknownSubtrees,
            Optional.of(Integrity.of(handover, options, newer, unreadable)),
            Scratch.of(handover, options));
    return OutgoingKernel.of(profile, Optional.of(content));
  }

  /**
   * Returns the architecture of the machine: the image names it, or the page size leaves only one.
   */
  private Architecture architecture() {
    return switch (handover.memory().physical().source().machine()) {
      case X86_64 -> Architecture.X86_64;
      case AARCH64 -> Architecture.ARM64;
      case UNKNOWN -> HandoverProfile.architecture(handover.pageSize());
    };
  }

  /** Returns the form of the preserved map, if it is known. */
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

  /** Reads a subtree. The name and version of an unreadable subtree still count. */
  private void readOrName(FdtNode node) {
    Optional<Part> part = Part.ofSubtree(node.name());
    if (part.isEmpty()) {
      unknownSubtrees.add(node.name());
      return;
    }
    Subtree subtree;
    try {
      subtree = handover.subtree(node);
    } catch (HandoverException broken) {
      unreadable(part.get(), broken);
      return;
    }
    try {
      read(part.get(), subtree);
    } catch (HandoverException broken) {
      if (broken.isNewer() && part.get().equals(Part.LUO)) {
        LuoHead.features(handover.memory(), subtree)
            .ifPresent(features ->
                parts.put(
                    Part.LUO.name(),
                    Support.yes(LuoVersion.ofFeatures().compatible(), features, HANDED_OVER)));
        if (parts.containsKey(Part.LUO.name())) {
          newer.put(Part.LUO.name(), broken.problem());
          return;
        }
      }
      List<String> claimed = claimed(part.get(), subtree);
      if (!claimed.isEmpty()) {
        put(part.get(), claimed);
      }
      if (claimed.isEmpty() || claimed.stream().anyMatch(HandoverReader::isKnown)) {
        unreadable(part.get(), broken);
      } else {
        newer.put(part.get().name(), String.join(", ", claimed));
      }
    }
  }

  private static boolean isKnown(String version) {
    return Contract.VERSIONS.stream().map(ContractVersion::compatible).anyMatch(version::equals);
  }

  private void unreadable(Part part, HandoverException broken) {
    parts.putIfAbsent(part.name(), Support.unknown(broken.getMessage()));
    unreadable.putIfAbsent(part.name(), broken);
  }

  /** Returns the versions of a part that a blob names, in every form so far. */
  private List<String> claimed(Part part, Subtree subtree) {
    try {
      return claimed(subtree).stream().filter(version -> isOf(part, version)).toList();
    } catch (HandoverException unreadable) {
      return List.of();
    }
  }

  /** Returns whether a version is a part's; the version of kexec-metadata is a bare number. */
  private static boolean isOf(Part part, String version) {
    return part.equals(Part.KEXEC_METADATA) || part.isOf(version);
  }

  private List<String> claimed(Subtree subtree) {
    if (subtree.size() < Integer.BYTES) {
      return List.of();
    }
    MemorySegment blob =
        handover
            .memory()
            .bytes(
                subtree.where(),
                subtree.address(),
                Math.min(subtree.size(), BlobVersions.MAX_LENGTH));
    if (subtree.name().equals(Metadata.CLIENT.subtree())) {
      return List.of(
          Long.toString(
              new StructureView(KexecMetadata.STRUCTURE, subtree.address(), blob)
                  .get(KexecMetadata.VERSION)));
    }
    return Fdt.isMagic(blob) ? BlobVersions.of(tree(subtree)) : BlobVersions.leading(blob);
  }

  private FdtNode tree(Subtree subtree) {
    return handover.memory().tree(subtree.where(), subtree.address(), subtree.size());
  }

  private void read(Part part, Subtree subtree) {
    if (part.equals(Part.LUO)) {
      luo(subtree);
    } else if (part.equals(Part.MEMBLOCK)) {
      reservations = ReserveMem.CLIENT.read(handover, subtree);
      put(part, List.of(FdtLayout.MEMBLOCK.compatible(), FdtLayout.RESERVE_MEM_COMPATIBLE));
    } else if (part.equals(Part.KEXEC_METADATA)) {
      Metadata metadata = Metadata.CLIENT.read(handover, subtree);
      release = Optional.of(metadata.previousRelease());
      put(part, List.of(Long.toString(metadata.version())));
    } else {
      handover.tree(subtree, FdtLayout.KHO_TEST);
      put(part, List.of(FdtLayout.KHO_TEST.compatible()));
    }
  }

  private void luo(Subtree subtree) {
    LiveUpdate luo = LiveUpdate.CLIENT.read(handover, subtree);
    luo.features()
        .ifPresentOrElse(
            features ->
                parts.put(
                    Part.LUO.name(),
                    Support.yes(luo.version().compatible(), features, HANDED_OVER)),
            () ->
                put(
                    Part.LUO,
                    luo.version().head() == LuoVersion.Head.FDT
                        ? BlobVersions.of(tree(subtree))
                        : List.of(luo.version().compatible())));
    List<HandoverException> broken = new ArrayList<>();
    attempt(
        () ->
            luo.sessions(broken::add)
                .forEach(session -> {
                  sessions++;
                  attempt(() -> session.files().forEach(this::file), broken);
                }),
        broken);
    if (sessions == 0 && broken.isEmpty()) {
      possible = HandoverContent.IN_SESSIONS;
    }
    attempt(
        () ->
            luo.flbs(broken::add).stream()
                .filter(flb -> flb.count() != 0)
                .forEach(flb -> flbs.add(flb.name())),
        broken);
    put(Part.MEMFD, handlers);
    memfdFeatures.ifPresent(_ ->
        parts.computeIfPresent(
            Part.MEMFD.name(),
            (_, support) ->
                new Support(
                    support.state(), support.versions(), memfdFeatures, support.evidence())));
    put(Part.FLB, flbs);
    if (!broken.isEmpty()) {
      throw broken.getFirst();
    }
  }

  /** Reads a list. What is broken in it hides neither the rest nor another list. */
  private static void attempt(Runnable reading, List<HandoverException> broken) {
    try {
      reading.run();
    } catch (HandoverException e) {
      broken.add(e);
    }
  }

  private void file(PreservedFile file) {
    handlers.add(file.compatible());
    Memfd.features(file)
        .ifPresent(features ->
            memfdFeatures =
                Optional.of(memfdFeatures.map(known -> known.or(features)).orElse(features)));
  }

  /** Records the versions that are the part's. */
  private void put(Part part, Set<String> names) {
    List<String> own = names.stream().filter(part::isOf).sorted().toList();
    if (!own.isEmpty()) {
      put(part, own);
    }
  }

  private void put(Part part, List<String> versions) {
    parts.put(part.name(), Support.yes(versions, HANDED_OVER));
  }
}
