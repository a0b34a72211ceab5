package org.kho4j.cli.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Progress;
import org.kho4j.cli.output.Units;
import org.kho4j.files.MalformedImageException;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.RawBase;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.root.UnalignedRoots;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The handovers of a source, searched for or at the address that the user gave.
 *
 * @param memory the source
 * @param handovers by ascending address
 * @param rejected pages that look like a root FDT and cannot be read as one
 * @param nested root FDTs in the content of memfds, with the paths of these
 */
public record HandoverSearch(
    PhysicalMemory memory,
    List<Handover> handovers,
    List<HandoverException> rejected,
    Map<RootFdt, String> nested) {

  private static final String ROLE = "--role";
  private static final int MAX_NOTES = 20;
  private static final Where BOOT_RECORD = Where.ROOT.in("boot-record");

  private static final Choice<Role> ROLES =
      new Choice<>(
          Role.class, Role::label, List.of(Role.OUTGOING, Role.INCOMING), "the role of a handover");

  public HandoverSearch {
    handovers = List.copyOf(handovers);
    rejected = List.copyOf(rejected);
    nested = Collections.unmodifiableMap(new LinkedHashMap<>(nested));
  }

  /** Finds them, with the options that every command has. */
  public static HandoverSearch in(Invocation invocation, PhysicalMemory memory) {
    return in(invocation, memory, invocation.options().fdt());
  }

  /** Returns a search for a command that judges, with the boot records and the other handovers. */
  public static HandoverSearch withBootRecords(Invocation invocation, PhysicalMemory memory) {
    return searched(invocation, memory, invocation.options().fdt());
  }

  /**
   * Finds them.
   *
   * @param fdt where the only one is whose root FDT counts, or empty to search
   */
  public static HandoverSearch in(Invocation invocation, PhysicalMemory memory, OptionalLong fdt) {
    if (fdt.isPresent()) {
      List<RootFdt> root = List.of(root(memory, fdt.getAsLong()));
      List<Handover> alone = handovers(invocation, memory, root);
      if (alone.getFirst().hasRootPage() || alone.getFirst().mapFault().isEmpty()) {
        return new HandoverSearch(memory, alone, List.of(), Map.of());
      }
    }
    return searched(invocation, memory, fdt);
  }

  /** Reads the root FDT that the user gave. A file of another kind has none at any address. */
  private static RootFdt root(PhysicalMemory memory, long fdt) {
    try {
      return RootSearch.at(memory, fdt);
    } catch (HandoverException e) {
      Optional<String> other = OtherFile.sentence(memory);
      if (other.isPresent()) {
        throw new UncheckedIOException(new MalformedImageException(other.get()));
      }
      throw e;
    }
  }

  private static HandoverSearch searched(
      Invocation invocation, PhysicalMemory memory, OptionalLong fdt) {
    // Also where the root FDT is known: which handover was taken shows only beside the others.
    RootSearch search = search(invocation, memory);
    List<RootFdt> roots = new ArrayList<>(search.roots());
    if (fdt.isPresent() && roots.stream().noneMatch(root -> root.address() == fdt.getAsLong())) {
      roots.add(root(memory, fdt.getAsLong()));
    }
    if (roots.isEmpty() && search.rejected().isEmpty()) {
      checkBootRecord(invocation, memory);
      checkHeader(invocation, memory);
    }
    Map<RootFdt, String> nested = nested(invocation, memory, roots);
    roots.removeIf(
        root -> nested.containsKey(root) && (fdt.isEmpty() || root.address() != fdt.getAsLong()));
    List<Handover> handovers = handovers(invocation, memory, roots);
    if (fdt.isPresent()) {
      return new HandoverSearch(
          memory,
          handovers.stream().filter(one -> one.root().address() == fdt.getAsLong()).toList(),
          List.of(),
          Map.of());
    }
    return new HandoverSearch(memory, handovers, search.rejected(), nested);
  }

  /** A boot record that the user knows names the root FDT: why that page is none. */
  private static void checkBootRecord(Invocation invocation, PhysicalMemory memory) {
    Long record = invocation.value("--setup-data", Long.class);
    if (record == null) {
      return;
    }
    long root = BootData.ofSetupData(memory, record).fdtAddress();
    try {
      RootSearch.at(memory, root);
    } catch (HandoverException e) {
      throw BOOT_RECORD.broken(
          record,
          "it names 0x%x as the root FDT, but the next kernel will refuse the data there: %s"
              .formatted(root, e.problem()));
    }
  }

  /** Read alone: a nested root has no say in the role of a handover, or in its page size. */
  private static Map<RootFdt, String> nested(
      Invocation invocation, PhysicalMemory memory, List<RootFdt> roots) {
    if (roots.size() < 2) {
      return Map.of();
    }
    GlobalOptions options = invocation.options();
    return NestedRoots.of(
        roots.stream()
            .map(root ->
                Handovers.of(
                        memory, List.of(root), options.pageSize().orElse(null), options.mapForm())
                    .getFirst())
            .toList());
  }

  /**
   * The handovers of roots, read as the options say.
   *
   * @throws picocli.CommandLine.ParameterException if an option contradicts what the memory shows
   */
  private static List<Handover> handovers(
      Invocation invocation, PhysicalMemory memory, List<RootFdt> roots) {
    GlobalOptions options = invocation.options();
    MapForm form = options.mapForm();
    List<Handover> handovers = Handovers.of(memory, roots, options.pageSize().orElse(null), form);
    if (form != null && !roots.isEmpty() && handovers.stream().noneMatch(has(form))) {
      throw invocation.wrong(
          "--map-form %s: no handover in %s has a version with maps of this form"
              .formatted(form, memory.source().path()));
    }
    if (handovers.stream().noneMatch(Handover::hasRootPage)) {
      checkPageSize(invocation, memory, roots);
      checkBase(invocation, memory, handovers);
    }
    return handovers;
  }

  /** With another page size than the one that was given, a map may be whole. */
  private static void checkPageSize(
      Invocation invocation, PhysicalMemory memory, List<RootFdt> roots) {
    GlobalOptions options = invocation.options();
    if (options.pageSize().isEmpty()) {
      return;
    }
    for (Handover other : Handovers.of(memory, roots, null, options.mapForm())) {
      if (other.hasRootPage()) {
        throw invocation.wrong(
            ("--page-size %s: the pages of the handover at 0x%x in %s have %s: with this size, the"
                    + " preserved map has the root FDT's page")
                .formatted(
                    options.pageSize().get(),
                    other.root().address(),
                    memory.source().path(),
                    other.pageSize()));
      }
    }
  }

  /** A root FDT that is not at a page shows a header in front of raw memory. */
  private static void checkHeader(Invocation invocation, PhysicalMemory memory) {
    if (memory.source().kind() != MemorySource.Kind.RAW) {
      return;
    }
    for (RootFdt root : UnalignedRoots.search(memory)) {
      checkHeader(
          invocation, memory, RawBase.of(Handovers.of(memory, List.of(root), null).getFirst()));
    }
  }

  private static void checkHeader(Invocation invocation, PhysicalMemory memory, RawBase base) {
    OptionalLong near = base.findNear();
    if (near.isEmpty()) {
      return;
    }
    long distance = near.getAsLong();
    GlobalOptions options = invocation.options();
    long first = options.base() + distance;
    // What --base moved by too much looks like memory behind a header, which need not be pages.
    String advice =
        distance > 0 || (first >= 0 && distance % PageSize.SIZE_4K.bytes() == 0)
            ? "if the image begins at another address: give --base " + Units.address(first)
            : "if memory begins after a header: give --skip " + (options.skip() - distance);
    throw invocation.wrong(
        "%s: the root FDT at %s and its pointers fit together %s"
            .formatted(memory.source().path(), Units.address(base.root().address()), advice));
  }

  /**
   * Checks the physical address at which a raw image begins: all pointers of a root FDT lead into
   * the image.
   */
  private static void checkBase(
      Invocation invocation, PhysicalMemory memory, List<Handover> handovers) {
    if (memory.source().kind() != MemorySource.Kind.RAW) {
      return;
    }
    for (Handover handover : handovers) {
      if (handover.hasRootPage()) {
        return;
      }
      RawBase base = RawBase.of(handover);
      checkHeader(invocation, memory, base);
      if (!base.missesAll()) {
        return;
      }
      OptionalLong first = base.find();
      String image =
          memory.source().path() + ": the root FDT at " + Units.address(handover.root().address());
      if (first.isPresent()) {
        throw invocation.wrong(
            image
                + " and its pointers fit together if the image begins at another address: give"
                + " --base "
                + Units.address(first.getAsLong()));
      }
      throw invocation.wrong(
          image
              + " has only pointers to outside of the image: a raw image that begins at another"
              + " address needs --base; a truncated image lacks the rest");
    }
  }

  private static Predicate<Handover> has(MapForm form) {
    return handover ->
        KhoVersion.of(handover.root().compatible())
            .filter(version -> version.mapForms().contains(form))
            .isPresent();
  }

  private static RootSearch search(Invocation invocation, PhysicalMemory memory) {
    Optional<RunningSource> running = invocation.running(memory);
    if (running.isPresent()) {
      try {
        return running.get().roots();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    AtomicLong searched = new AtomicLong();
    try (Progress progress = invocation.progress("searching", memory.source().bytes())) {
      return RootSearch.search(memory, bytes -> progress.done(searched.addAndGet(bytes)));
    }
  }

  /** Tells the user which pages look like a root FDT and are none. */
  public void noteRejected(Invocation invocation) {
    for (HandoverException root : rejected.subList(0, Math.min(MAX_NOTES, rejected.size()))) {
      invocation.note("a page that looks like a root FDT cannot be read: " + Units.printable(root));
    }
    if (rejected.size() > MAX_NOTES) {
      invocation.note(
          "and " + Units.count(rejected.size() - MAX_NOTES, "more such page", "more such pages"));
    }
    noteNested(invocation, nested);
  }

  /** Tells the user which root FDTs are content of memfds. */
  public static void noteNested(Invocation invocation, Map<RootFdt, String> nested) {
    nested.entrySet().stream()
        .limit(MAX_NOTES)
        .forEach(root ->
            invocation.note(
                ("the root FDT at %s is content of %s: that of a warm store (kho warm list), or of a"
                        + " guest")
                    .formatted(
                        Units.address(root.getKey().address()),
                        Units.printablePath(root.getValue()))));
    if (nested.size() > MAX_NOTES) {
      invocation.note(
          "and "
              + Units.count(
                  nested.size() - MAX_NOTES, "more root FDT that is", "more root FDTs that are")
              + " content of memfds");
    }
  }

  /** The sentence for a source without any. */
  public String nothingFound() {
    return nothingFound(memory);
  }

  /** Returns the sentence for a memory that was searched in another way. */
  public static String nothingFound(PhysicalMemory memory) {
    return OtherFile.sentence(memory)
        .orElseGet(() ->
            memory.source().path()
                + ": no handover: no page is a sound device tree with a version of KHO"
                + (memory.source().kind() == MemorySource.Kind.RAW
                    ? " (a raw image that does not begin at address 0 needs --base)"
                    : ""));
  }

  /** The option {@code --role} of a command that reads every handover of its source. */
  public static OptionSpec.Builder roleOption() {
    return roleOption(ROLE, "Reads only the handover with this role: incoming or outgoing.");
  }

  /**
   * The role that {@code --role} names, or null.
   *
   * @throws picocli.CommandLine.ParameterException if {@code --fdt} names the handover already
   */
  public static @Nullable Role role(Invocation invocation) {
    Role role = invocation.value(ROLE, Role.class);
    if (role != null && invocation.options().fdt().isPresent()) {
      throw invocation.wrong(
          "--fdt and --role exclude each other: --fdt already selects a handover");
    }
    return role;
  }

  /**
   * The handovers of the role that {@code --role} names, or all of them.
   *
   * @throws IOException if there are handovers, and none of that role
   */
  public HandoverSearch ofWantedRole(Invocation invocation) throws IOException {
    Role role = role(invocation);
    if (role == null || handovers.isEmpty()) {
      return this;
    }
    List<Handover> wanted = ofRole(role);
    if (wanted.isEmpty()) {
      throw none(role, "--fdt");
    }
    return new HandoverSearch(memory, wanted, rejected, nested);
  }

  /** An option that takes a role; read with {@code Role.class}. */
  public static OptionSpec.Builder roleOption(String name, String description) {
    return ROLES.option(name).paramLabel("ROLE").description(description);
  }

  /**
   * The one that the user means: the only one of a role; without a role the outgoing one, or
   * whatever there is only one of.
   *
   * @param fdtOption the option that chooses by address, for the sentence
   * @throws IOException if there is none, or more than one
   */
  public Handover choose(@Nullable Role role, String fdtOption) throws IOException {
    if (handovers.isEmpty()) {
      throw new IOException(nothingFound());
    }
    List<Handover> chosen = ofRole(role == null ? Role.OUTGOING : role);
    if (chosen.isEmpty() && role == null) {
      chosen = handovers;
    }
    if (chosen.size() == 1) {
      return chosen.getFirst();
    }
    if (chosen.isEmpty()) {
      throw none(role, fdtOption);
    }
    throw new IOException(
        "%s: %d %shandovers: %s; %s selects one of them"
            .formatted(
                memory.source().path(),
                chosen.size(),
                role == null ? "" : role.label() + " ",
                list(chosen),
                fdtOption));
  }

  private IOException none(@Nullable Role role, String fdtOption) {
    return new IOException(
        "%s: no %shandover: %s; %s selects one of them"
            .formatted(
                memory.source().path(),
                role == null ? "" : role.label() + " ",
                list(handovers),
                fdtOption));
  }

  private List<Handover> ofRole(Role role) {
    return handovers.stream().filter(handover -> handover.role() == role).toList();
  }

  private static String list(List<Handover> handovers) {
    return handovers.stream()
        .limit(MAX_NOTES)
        .map(
            handover -> handover.role().label() + " at " + Units.address(handover.root().address()))
        .collect(Collectors.joining(", "));
  }
}
