package org.kho4j.preflight.host;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.preflight.host.HostStatus.Given;
import org.kho4j.preflight.host.HostStatus.Prepared;
import org.kho4j.preflight.host.HostStatus.State;
import org.kho4j.preflight.host.HostStatus.Switch;

/** Reads the state of KHO and LUO on a host from its files. */
public final class HostStatusReader {

  private static final String DEBUGFS = "sys/kernel/debug";
  private static final String KHO = DEBUGFS + "/kho";
  private static final String SUBTREES = "/sub_fdts";
  private static final String MISC = "sys/class/misc";
  private static final String LUO_NAME = "liveupdate";

  /**
   * Files that show whether a kernel is loaded for kexec: since 6.19 a new name beside the old one.
   */
  private static final List<String> KEXEC_LOADED =
      List.of("sys/kernel/kexec/loaded", "sys/kernel/kexec_loaded");

  private static final List<String> SYSTEMD_LIBRARIES =
      List.of(
          "usr/lib/systemd",
          "usr/lib/x86_64-linux-gnu/systemd",
          "usr/lib/aarch64-linux-gnu/systemd");

  private static final Pattern RELEASE = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})");

  private static final Pattern SYSTEMD = Pattern.compile("libsystemd-shared-(\\d{1,6})\\b.*\\.so");

  private static final Switch UNSEEN =
      new Switch(State.UNKNOWN, "a file that shows it cannot be read");

  private final Path root;
  private final HostFiles files;
  private final List<String> notes = new ArrayList<>();

  private HostStatusReader(Path root) {
    this.root = root;
    this.files = new HostFiles(root);
  }

  /**
   * Reads a host.
   *
   * @param root the host's root directory: {@code /}, or a copy of the files of another one
   * @param byMemory the state of KHO by the kernel's memory; {@link State#UNKNOWN} if the memory
   *     cannot be read
   * @throws IOException if {@code /proc} is not there
   */
  public static HostStatus read(Path root, State byMemory) throws IOException {
    return new HostStatusReader(root).read(byMemory);
  }

  private HostStatus read(State byMemory) throws IOException {
    Optional<CommandLine> line = seen(() -> CommandLine.of(files), Optional.empty());
    Switch kho = seen(() -> kho(files, byMemory), UNSEEN);
    Switch luo = seen(() -> luo(kho, line), UNSEEN);
    if (isEmpty(DEBUGFS)) {
      notes.add(
          ("%s is not visible (not mounted, or not root), so neither the outgoing nor the incoming"
                  + " handover is")
              .formatted(files.path(DEBUGFS)));
    }
    Given given = given();
    Optional<Prepared> prepared = prepared(kho);
    LiveUpdateUse use = LiveUpdateUse.read(root);
    boolean hasLuo = luo.state() == State.ON;
    if (hasLuo && use.hidden() > 0) {
      notes.add(
          "processes whose descriptors are hidden from this user: %,d; they may have sessions"
              .formatted(use.hidden()));
    }
    if (hasLuo && !use.isOfHost()) {
      notes.add(
          "/proc does not show the processes of the host (a copy of files, or a container with PIDs"
              + " of its own); they may have sessions");
    }
    Optional<String> release =
        seen(() -> files.text("proc/sys/kernel/osrelease"), Optional.empty());
    OptionalLong ram = seen(files::ram, OptionalLong.empty());
    Optional<Boolean> loaded = seen(() -> kexecLoaded(files), Optional.empty());
    OptionalInt systemd = seen(this::systemd, OptionalInt.empty());
    Optional<List<DescriptorStore>> stores =
        systemd.isPresent() ? DescriptorStore.read(root) : Optional.empty();
    if (systemd.isPresent() && stores.isEmpty()) {
      notes.add("systemd did not report which descriptors it stores for its units");
    }
    notes.addAll(files.notes());
    return new HostStatus(
        release.filter(text -> !text.isEmpty()),
        kho,
        luo,
        given,
        prepared,
        ram,
        loaded,
        use,
        systemd,
        stores,
        notes);
  }

  /** Reads something of the host. */
  @FunctionalInterface
  private interface Look<T> {
    T read() throws IOException;
  }

  /** Reads something; a file that is not of its form becomes a note, and the rest is read. */
  private <T> T seen(Look<T> look, T otherwise) {
    try {
      return look.read();
    } catch (IOException e) {
      notes.add(String.valueOf(e.getMessage()));
      return otherwise;
    }
  }

  private boolean isEmpty(String directory) {
    return seen(() -> files.names(directory).orElse(List.of()).isEmpty(), false);
  }

  /**
   * Returns whether KHO is on.
   *
   * @param byMemory the state by the kernel's memory, as in {@link #read}
   */
  public static Switch kho(HostFiles files, State byMemory) throws IOException {
    switch (byMemory) {
      case ON -> {
        return new Switch(State.ON, "the kernel's variable kho_enable");
      }
      case OFF -> {
        return new Switch(State.OFF, "the kernel's variable kho_enable");
      }
      case MISSING, UNKNOWN -> {}
    }
    if (files.names(KHO).isPresent()) {
      return new Switch(State.ON, files.path(KHO) + " is there");
    }
    if (hasLuoDevice(files)) {
      return new Switch(State.ON, "LUO is on, which needs it");
    }
    if (KernelSymbols.read(files).state() == KernelSymbols.State.MISSING) {
      return new Switch(State.MISSING, "/proc/kallsyms lists no function of it");
    }
    Optional<Boolean> wanted = CommandLine.of(files).flatMap(CommandLine::kho);
    if (wanted.equals(Optional.of(false))) {
      return new Switch(State.OFF, "kho=off is on the command line");
    }
    return new Switch(
        State.UNKNOWN,
        wanted.isPresent()
            ? "kho=on is on the command line, but no visible file shows that KHO is on: see the"
                + " lines about KHO in dmesg"
            : "no visible file shows it");
  }

  private Switch luo(Switch kho, Optional<CommandLine> line) throws IOException {
    if (hasLuoDevice(files)) {
      return new Switch(State.ON, files.path(MISC).resolve(LUO_NAME) + " is there");
    }
    if (kho.state() == State.OFF || kho.state() == State.MISSING) {
      return new Switch(kho.state(), "it needs KHO");
    }
    Optional<List<String>> devices = files.names(MISC);
    if (devices.isEmpty()) {
      return new Switch(State.UNKNOWN, files.path(MISC) + " cannot be read");
    }
    if (isBeforeLuo()) {
      return new Switch(State.MISSING, "it has no device, and Linux has it since 6.19");
    }
    if (line.isEmpty()) {
      return new Switch(State.OFF, "it has no device; the command line is unknown");
    }
    return new Switch(
        State.OFF,
        line.get().liveupdate().orElse(false)
            ? "it has no device, although liveupdate=on is on the command line: the kernel's log"
                + " says why"
            : "it has no device, and liveupdate=on is not on the command line");
  }

  /** Returns whether LUO has a device; a copy may have the link to it without its target. */
  private static boolean hasLuoDevice(HostFiles files) throws IOException {
    return files.names(MISC).filter(names -> names.contains(LUO_NAME)).isPresent();
  }

  private boolean isBeforeLuo() throws IOException {
    Matcher release = RELEASE.matcher(files.text("proc/sys/kernel/osrelease").orElse(""));
    if (!release.lookingAt()) {
      return false;
    }
    int major = Integer.parseInt(release.group(1));
    return major < 6 || (major == 6 && Integer.parseInt(release.group(2)) < 19);
  }

  private Given given() {
    String in = KHO + "/in";
    Optional<byte[]> fdt = seen(() -> files.bytes(in + "/fdt"), Optional.empty());
    Optional<Metadata> metadata =
        seen(() -> metadata(in + SUBTREES + "/" + KexecMetadata.SUBTREE), Optional.empty());
    Optional<Boolean> recorded =
        seen(
            () -> {
              boolean present = GivenRecord.read(files).isPresent();
              return present || GivenRecord.isVisible(files)
                  ? Optional.of(present)
                  : Optional.empty();
            },
            Optional.empty());
    boolean record = recorded.orElse(false);
    Optional<Boolean> handedOver = fdt.isPresent() ? Optional.of(true) : recorded;
    // A kernel that takes no handover makes its own out, and no in.
    List<String> sides = seen(() -> files.names(KHO).orElse(List.of()), List.of());
    boolean refused = record && sides.contains("out") && !sides.contains("in");
    return new Given(handedOver, refused, fdt.flatMap(bytes -> version(in, bytes)), metadata);
  }

  private Optional<Metadata> metadata(String place) throws IOException {
    Where where = Where.ROOT.in(KexecMetadata.SUBTREE);
    try {
      return files
          .bytes(place)
          .filter(blob -> blob.length >= KexecMetadata.STRUCTURE.headerSize())
          .map(blob -> new StructureView(KexecMetadata.STRUCTURE, 0, MemorySegment.ofArray(blob)))
          .map(blob -> Metadata.of(blob, where));
    } catch (HandoverException e) {
      notes.add(files.path(place) + ": " + e.problem());
      return Optional.empty();
    }
  }

  private Optional<String> version(String in, byte[] fdt) {
    try {
      return Fdt.read(MemorySegment.ofArray(fdt))
          .property("compatible")
          .flatMap(property -> property.stringList().stream().findFirst());
    } catch (FdtException e) {
      notes.add(files.path(in + "/fdt") + ": " + e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<Prepared> prepared(Switch kho) {
    if (kho.state() != State.ON) {
      return Optional.empty();
    }
    Optional<List<String>> names =
        seen(() -> files.names(KHO + "/out" + SUBTREES), Optional.empty());
    return names.map(subtrees ->
        new Prepared(
            subtrees,
            seen(() -> DebugfsOut.scratch(files), List.of()),
            seen(() -> finalized(files), Optional.empty())));
  }

  /**
   * Returns whether the outgoing handover waits for a step that nobody takes at the jump: before
   * 7.1, it is not finalized, and there is no LUO, which finalizes it.
   */
  public static boolean isUnfinalized(HostFiles files) throws IOException {
    return finalized(files).equals(Optional.of(false)) && !hasLuoDevice(files);
  }

  private static Optional<Boolean> finalized(HostFiles files) throws IOException {
    return flag(files, KHO + "/out/finalize");
  }

  /** Returns whether a kernel is loaded for kexec; empty if no visible file shows it. */
  public static Optional<Boolean> kexecLoaded(HostFiles files) throws IOException {
    for (String place : KEXEC_LOADED) {
      Optional<Boolean> loaded = flag(files, place);
      if (loaded.isPresent()) {
        return loaded;
      }
    }
    return Optional.empty();
  }

  /** Returns the value of a file that has 0 or 1; empty if it has neither. */
  private static Optional<Boolean> flag(HostFiles files, String place) throws IOException {
    return files.text(place).filter(text -> text.equals("0") || text.equals("1")).map("1"::equals);
  }

  private OptionalInt systemd() throws IOException {
    if (!DescriptorStore.isSystemd(files)) {
      return OptionalInt.empty();
    }
    for (String directory : SYSTEMD_LIBRARIES) {
      for (String name : files.names(directory).orElse(List.of())) {
        Matcher library = SYSTEMD.matcher(name);
        if (library.matches()) {
          return OptionalInt.of(Integer.parseInt(library.group(1)));
        }
      }
    }
    return OptionalInt.empty();
  }
}
