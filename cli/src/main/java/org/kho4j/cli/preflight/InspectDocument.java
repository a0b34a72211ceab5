package org.kho4j.cli.preflight;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Schema;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.outgoing.HandoverProfile;
import org.kho4j.preflight.outgoing.Integrity;
import org.kho4j.preflight.outgoing.Integrity.Damage;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

/**
 * The output of {@code kho inspect --json} for a memory image, used instead of the image: it has
 * the handover's parts and versions, without the content.
 */
public final class InspectDocument {

  /** Start of the paths of folios of test data, which are content, not structures. */
  private static final String CONTENT = "/kho_test/data/folio ";

  private final String name;
  private final JsonFields root;
  private final Map<String, Support> parts = new LinkedHashMap<>();
  private final Set<String> handlers = new HashSet<>();
  private final Set<String> flbs = new HashSet<>();
  private final List<ReserveMem> reservations = new ArrayList<>();
  private final List<String> unknownSubtrees = new ArrayList<>();
  private final List<Damage> damages = new ArrayList<>();
  private Optional<String> release = Optional.empty();
  private long sessions;

  /**
   * A document.
   *
   * @param name of its file, for people
   */
  InspectDocument(String name, JsonFields root) {
    this.name = name;
    this.root = root;
  }

  /** Returns whether an object says that it is such a document. */
  static boolean isOne(JsonFields root) throws IOException {
    return root.has("schema") && root.text("schema").equals(Schema.INSPECT.id());
  }

  /**
   * The document that some bytes are.
   *
   * @throws IOException if they are none
   */
  public static InspectDocument of(String name, byte[] bytes) throws IOException {
    JsonFields root = JsonFields.read(name, bytes);
    if (!isOne(root)) {
      throw root.wrong("schema is not \"%s\"".formatted(Schema.INSPECT.id()));
    }
    return new InspectDocument(name, root);
  }

  /**
   * Reads the handover that is still to be taken.
   *
   * @throws IOException if it has none, or several, or is not what it claims to be
   */
  public OutgoingKernel read() throws IOException {
    JsonFields handover = handover();
    JsonFields map = handover.object("preservedMap");
    String state = map.text("state");
    if (state.equals("consumed")) {
      throw root.wrong(
          "the handover at %s: a kernel has consumed it".formatted(handover.text("fdt")));
    }
    long bytes = root.object("source").number("pageSize");
    PageSize pageSize =
        PageSize.ofBytes(bytes)
            .orElseThrow(() -> root.wrong("pageSize is " + bytes + ", which no kernel has"));
    String compatible = handover.text("compatible");
    put(Part.KHO, List.of(compatible));
    for (JsonFields subtree : handover.objects("subtrees")) {
      subtree(subtree);
    }
    unread(handover);
    if (!state.equals("intact")) {
      damage(Part.KHO, "the preserved map is " + state);
    }
    newer(handover);
    if (handover.has("parts")) {
      for (JsonFields part : handover.objects("parts")) {
        parts.put(part.text("name"), ProfileFile.support(part));
      }
    }
    Profile profile =
        HandoverProfile.of(
            name,
            release,
            HandoverProfile.architecture(pageSize),
            pageSize,
            KhoVersion.of(compatible).flatMap(version -> form(version, map)),
            parts,
            possible());
    HandoverContent content =
        new HandoverContent(
            parts.keySet(),
            possible(),
            handlers,
            flbs,
            reservations,
            unknownSubtrees,
            Optional.of(integrity(compatible)),
            Optional.empty());
    return OutgoingKernel.of(profile, Optional.of(content));
  }

  /** Returns the parts that may still be written, where LUO was read and has no sessions. */
  private Set<String> possible() {
    boolean read =
        parts.containsKey(Part.LUO.name())
            && parts.get(Part.LUO.name()).state() == Support.State.YES;
    boolean broken = damages.stream().anyMatch(one -> one.part().equals(Part.LUO.name()));
    return read && !broken && sessions == 0 ? HandoverContent.IN_SESSIONS : Set.of();
  }

  /** How many sessions there are; known after {@link #read}. */
  public long sessions() {
    return sessions;
  }

  /** Bytes of the preserved map, where the document has them. */
  public long preservedBytes() throws IOException {
    JsonFields map = handover().object("preservedMap");
    return map.has("bytes") ? map.count("bytes") : 0;
  }

  /** The outgoing handover, or whatever there is only one of. */
  private JsonFields handover() throws IOException {
    List<JsonFields> all = root.objects("handovers");
    List<JsonFields> outgoing = new ArrayList<>();
    for (JsonFields one : all) {
      if (one.text("role").equals("outgoing")) {
        outgoing.add(one);
      }
    }
    List<JsonFields> chosen = outgoing.isEmpty() ? all : outgoing;
    if (chosen.size() != 1) {
      throw root.wrong(
          "it has %d handovers, but preflight needs exactly one".formatted(chosen.size()));
    }
    return chosen.getFirst();
  }

  private static Optional<MapForm> form(KhoVersion version, JsonFields map) {
    List<MapForm> forms = version.mapForms();
    if (forms.size() == 1) {
      return Optional.of(forms.getFirst());
    }
    try {
      boolean sure =
          map.has("form") && !map.object("formEvidence").text("certainty").equals("unsure");
      return sure ? MapForm.of(map.text("form")) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void subtree(JsonFields subtree) throws IOException {
    String subtreeName = subtree.text("name");
    Optional<Part> part = Part.ofSubtree(subtreeName);
    if (part.isEmpty()) {
      unknownSubtrees.add(subtreeName);
    } else if (part.get().equals(Part.LUO) && subtree.has("luo")) {
      luo(subtree.object("luo"));
    } else if (part.get().equals(Part.MEMBLOCK) && subtree.has("reserveMem")) {
      for (JsonFields one : subtree.objects("reserveMem")) {
        reservations.add(new ReserveMem(one.text("name"), one.address("start"), one.count("size")));
      }
      put(
          Part.MEMBLOCK,
          List.of(FdtLayout.MEMBLOCK.compatible(), FdtLayout.RESERVE_MEM_COMPATIBLE));
    } else if (part.get().equals(Part.KEXEC_METADATA) && subtree.has("metadata")) {
      JsonFields metadata = subtree.object("metadata");
      release = Optional.of(metadata.text("previousRelease"));
      put(Part.KEXEC_METADATA, List.of(Long.toString(metadata.number("version"))));
    } else if (subtree.has("khoTest")) {
      put(part.get(), List.of(FdtLayout.KHO_TEST.compatible()));
      JsonFields test = subtree.object("khoTest");
      if (test.has("checksum") && !test.text("checksum").equals("match")) {
        damage(part.get(), "its checksum does not match");
      }
    } else {
      parts.put(part.get().name(), Support.unknown("it was not decoded"));
    }
  }

  private void luo(JsonFields luo) throws IOException {
    String compatible = luo.text("compatible");
    boolean several =
        LuoVersion.ALL.stream()
            .anyMatch(version ->
                version.compatible().equals(compatible) && version.head() == LuoVersion.Head.FDT);
    if (several) {
      parts.put(
          Part.LUO.name(),
          Support.unknown(
              compatible + " has versions for its parts, but the document does not have them"));
    } else {
      put(Part.LUO, List.of(compatible));
    }
    for (JsonFields session : luo.objects("sessions")) {
      sessions++;
      for (JsonFields file : session.objects("files")) {
        handlers.add(file.text("compatible"));
      }
    }
    if (luo.has("flbs")) {
      for (JsonFields flb : luo.objects("flbs")) {
        if (flb.number("count") != 0) {
          flbs.add(flb.text("name"));
        }
      }
    }
    putOwn(Part.MEMFD, handlers);
    putOwn(Part.FLB, flbs);
  }

  /** Records the structures that a kernel or a reader cannot read, and those that are absent. */
  private void unread(JsonFields handover) throws IOException {
    for (JsonFields error : handover.objects("errors")) {
      damage(part(error), "it cannot be read: " + sentence(error));
    }
    if (handover.has("absent")) {
      for (JsonFields absent : handover.objects("absent")) {
        if (!absent.text("path").startsWith(CONTENT)) {
          damage(part(absent), sentence(absent));
        }
      }
    }
    if (handover.has("moreErrors")) {
      damage(Part.KHO, "%,d more errors are not listed".formatted(handover.count("moreErrors")));
    }
    if (handover.has("moreAbsent")) {
      damage(
          Part.KHO,
          "%,d more absent structures are not listed".formatted(handover.count("moreAbsent")));
    }
  }

  private static Part part(JsonFields problem) throws IOException {
    return Part.ofPath(problem.text("path")).orElse(Part.KHO);
  }

  private static String sentence(JsonFields problem) throws IOException {
    return problem.text("path")
        + (problem.has("address") ? " at " + problem.text("address") : "")
        + ": "
        + problem.text("message");
  }

  /** Records the subtrees of a newer contract, which were not decoded. */
  private void newer(JsonFields handover) throws IOException {
    if (!handover.has("newer")) {
      return;
    }
    for (JsonFields one : handover.objects("newer")) {
      Optional<Part> part = Part.ofSubtree(one.text("path").replaceFirst("/", ""));
      if (part.isPresent()) {
        damage(part.get(), "its content was not examined: " + one.text("message"));
      }
    }
  }

  private Integrity integrity(String compatible) {
    if (KhoVersion.of(compatible).isEmpty()) {
      damage(Part.KHO, "its content was not examined: kho4j does not know " + compatible);
    }
    return new Integrity(
        damages,
        List.of(
            ("the content of the handover was not examined: %s only describes it; a memory image has"
                    + " it")
                .formatted(name)));
  }

  private void damage(Part part, String because) {
    if (damages.stream().noneMatch(one -> one.part().equals(part.name()))) {
      damages.add(new Damage(part.name(), Verdict.UNKNOWN, because));
    }
  }

  private void putOwn(Part part, Set<String> names) {
    List<String> own = names.stream().filter(part::isOf).sorted().toList();
    if (!own.isEmpty()) {
      put(part, own);
    }
  }

  private void put(Part part, List<String> versions) {
    parts.put(part.name(), Support.yes(versions, "it is in the handover"));
  }
}
