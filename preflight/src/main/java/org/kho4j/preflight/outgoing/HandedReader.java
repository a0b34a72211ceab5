package org.kho4j.preflight.outgoing;

import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Parts;
import org.kho4j.preflight.part.BlobVersions;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Speech;
import org.kho4j.preflight.profile.ClaimedLayouts;
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
import org.kho4j.abi.PageSize;
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
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;

/** Reads the parts of a handover in memory, with their versions and states. */
public final class HandedReader {

  /** The parts that a kernel writes only at the jump, together with LUO's sessions. */
  public static final Set<String> IN_SESSIONS = Set.of(Parts.MEMFD.name(), Parts.FLB.name());

  private static final String HANDED_OVER = "it is in the handover";

  private final Handover handover;
  private final Map<String, Speech> parts = new HashMap<>();
  private final Map<String, String> newer = new LinkedHashMap<>();
  private final Map<String, HandoverException> unreadable = new LinkedHashMap<>();
  private final Set<String> handlers = new HashSet<>();
  private final Set<String> flbs = new HashSet<>();
  private final List<String> strangers = new ArrayList<>();
  private long sessions;
  private Set<String> possible = Set.of();
  private List<ReserveMem> reservations = List.of();
  private Optional<String> release = Optional.empty();
  private Optional<FeatureHeader> memfdFeatures = Optional.empty();

  private HandedReader(Handover handover) {
    this.handover = handover;
  }

  /** Returns the speech about each part of a handover, by their names, without a check. */
  public static Map<String, Speech> parts(Handover handover) {
    HandedReader reader = new HandedReader(handover);
    reader.readParts();
    return Map.copyOf(reader.parts);
  }

  /**
   * A kernel that is known only by its handover.
   *
   * @param profile the profile that follows from the handover
   */
  public record Outgoing(Profile profile, Handed handed) {}

  /** Reads a handover, and checks it with {@link Verifier.Options#ALL}. */
  public static Outgoing read(Handover handover, String source) {
    return read(handover, source, Verifier.Options.ALL);
  }

  /**
   * Reads a handover and checks it. {@link Handed#integrity} records damaged parts.
   *
   * @param source its name for people
   * @param options rules to check, and the scratch regions
   */
  public static Outgoing read(Handover handover, String source, Verifier.Options options) {
    return new HandedReader(handover).read(source, options);
  }

  /**
   * The content of a handover, beside the versions of its parts.
   *
   * @param possible as in {@link Handed#possible}
   * @param handlers the strings of the handlers of preserved files
   * @param flbs the strings of the data that files share
   * @param strangers subtrees that no row of {@link Parts} is about
   * @param integrity the known state of the content
   */
  public record Contents(
      Set<String> possible,
      Set<String> handlers,
      Set<String> flbs,
      List<ReserveMem> reservations,
      List<String> strangers,
      Integrity integrity) {

    public Contents {
      possible = Set.copyOf(possible);
      handlers = Set.copyOf(handlers);
      flbs = Set.copyOf(flbs);
      reservations = List.copyOf(reservations);
      strangers = List.copyOf(strangers);
    }
  }

  /**
   * Returns a handover that a document describes, without its memory.
   *
   * @param source its name for people
   * @param form of the preserved map, if that is known
   * @param used the speech about each part in use
   */
  public static Outgoing described(
      String source,
      Optional<String> release,
      PageSize pageSize,
      Optional<MapForm> form,
      Map<String, Speech> used,
      Contents contents) {
    return outgoing(
        source,
        release,
        pageSize == PageSize.SIZE_4K ? Architecture.UNKNOWN : Architecture.ARM64,
        pageSize,
        form,
        used,
        contents,
        Optional.empty());
  }

  private static Outgoing outgoing(
      String source,
      Optional<String> release,
      Architecture architecture,
      PageSize pageSize,
      Optional<MapForm> form,
      Map<String, Speech> used,
      Contents contents,
      Optional<Scratch> scratch) {
    Map<String, Speech> parts = new HashMap<>(used);
    if (contents.possible.contains(Parts.MEMFD.name())) {
      parts.putIfAbsent(Parts.MEMFD.name(), Speech.unknown("there are no files yet"));
    }
    for (Part part : Parts.ALL) {
      parts.putIfAbsent(part.name(), Speech.no("nothing of it is handed over"));
    }
    Profile profile =
        new Profile(
            source,
            release.filter(name -> !name.isEmpty()),
            architecture,
            Optional.of(pageSize),
            parts,
            Optional.empty(),
            Optional.of(ClaimedLayouts.ofVersions(parts, pageSize, form)),
            form.map(known -> known.radixConstants(pageSize)).orElse(Map.of()),
            Optional.empty(),
            Optional.empty());
    return new Outgoing(
        profile,
        new Handed(
            used.keySet(),
            contents.possible,
            contents.handlers,
            contents.flbs,
            contents.reservations,
            contents.strangers,
            Optional.of(contents.integrity),
            scratch));
  }

  private Optional<KhoVersion> readParts() {
    String compatible = handover.root().compatible();
    put(Parts.KHO, List.of(compatible));
    Optional<KhoVersion> version = KhoVersion.of(compatible);
    if (version.isPresent()) {
      handover.root().tree().children().forEach(this::readOrName);
    } else {
      newer.put(Parts.KHO.name(), compatible);
    }
    return version;
  }

  private Outgoing read(String source, Verifier.Options options) {
    Optional<KhoVersion> version = readParts();
    return outgoing(
        source,
        release,
        architecture(),
        handover.pageSize(),
        version.flatMap(_ -> mapForm()),
        parts,
        new Contents(
            possible,
            handlers,
            flbs,
            reservations,
            strangers,
            Integrity.of(handover, options, newer, unreadable)),
        Scratch.of(handover, options));
  }

  /**
   * Returns the architecture of the machine: the image names it, or the page size leaves only one.
   */
  private Architecture architecture() {
    return switch (handover.memory().physical().source().machine()) {
      case X86_64 -> Architecture.X86_64;
      case AARCH64 -> Architecture.ARM64;
      case UNKNOWN ->
          handover.pageSize() == PageSize.SIZE_4K ? Architecture.UNKNOWN : Architecture.ARM64;
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
    Optional<Part> part = Parts.ofSubtree(node.name());
    if (part.isEmpty()) {
      strangers.add(node.name());
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
      if (broken.isNewer() && part.get().equals(Parts.LUO)) {
        LuoHead.features(handover.memory(), subtree)
            .ifPresent(features ->
                parts.put(
                    Parts.LUO.name(),
                    Speech.yes(LuoVersion.ofFeatures().compatible(), features, HANDED_OVER)));
        if (parts.containsKey(Parts.LUO.name())) {
          newer.put(Parts.LUO.name(), broken.problem());
          return;
        }
      }
      List<String> claimed = claimed(part.get(), subtree);
      if (!claimed.isEmpty()) {
        put(part.get(), claimed);
      }
      if (claimed.isEmpty() || claimed.stream().anyMatch(HandedReader::isKnown)) {
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
    parts.putIfAbsent(part.name(), Speech.unknown(broken.getMessage()));
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
    return part.equals(Parts.KEXEC_METADATA) || part.isOf(version);
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
    if (part.equals(Parts.LUO)) {
      luo(subtree);
    } else if (part.equals(Parts.MEMBLOCK)) {
      reservations = ReserveMem.CLIENT.read(handover, subtree);
      put(part, List.of(FdtLayout.MEMBLOCK.compatible(), FdtLayout.RESERVE_MEM_COMPATIBLE));
    } else if (part.equals(Parts.KEXEC_METADATA)) {
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
                    Parts.LUO.name(),
                    Speech.yes(luo.version().compatible(), features, HANDED_OVER)),
            () ->
                put(
                    Parts.LUO,
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
      possible = IN_SESSIONS;
    }
    attempt(
        () ->
            luo.flbs(broken::add).stream()
                .filter(flb -> flb.count() != 0)
                .forEach(flb -> flbs.add(flb.name())),
        broken);
    put(Parts.MEMFD, handlers);
    memfdFeatures.ifPresent(_ ->
        parts.computeIfPresent(
            Parts.MEMFD.name(),
            (_, speech) ->
                new Speech(speech.state(), speech.versions(), memfdFeatures, speech.evidence())));
    put(Parts.FLB, flbs);
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
    parts.put(part.name(), Speech.yes(versions, HANDED_OVER));
  }
}
