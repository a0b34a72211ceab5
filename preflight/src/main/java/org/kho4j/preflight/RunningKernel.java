package org.kho4j.preflight;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.LuoSer;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.TreeValue;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;

/**
 * What the kernel of a host says about itself while it runs: its types in /sys/kernel/btf/vmlinux,
 * its image where distributions put it, and what it is about to hand over in debugfs.
 */
public final class RunningKernel {

  private static final int MAX_TEXT = 1 << 16;
  private static final int MAX_BLOB = 16 << 20;
  private static final String OUT = "sys/kernel/debug/kho/out";
  private static final String OSRELEASE = "proc/sys/kernel/osrelease";

  /** Most blobs that are looked at. */
  private static final int MAX_BLOBS = 1024;

  /** It becomes a part of file names. */
  private static final Pattern RELEASE = Pattern.compile("[\\w+~][\\w.+~-]{0,64}");

  private static final Profile UNKNOWN =
      new Profile(
          "",
          Optional.empty(),
          Architecture.UNKNOWN,
          Optional.empty(),
          Map.of(),
          Optional.empty(),
          Optional.empty(),
          Map.of());

  private final Path root;
  private final List<String> notes = new ArrayList<>();

  private RunningKernel(Path root) {
    this.root = root;
  }

  /**
   * A running kernel.
   *
   * @param profile what it speaks
   * @param handed what it is about to hand over; empty where debugfs does not tell, and then all
   *     that it can
   * @param commandLine its own
   * @param notes what could not be read, and what that means
   */
  public record Running(
      Profile profile,
      Optional<Handed> handed,
      Optional<CommandLine> commandLine,
      List<String> notes) {}

  /**
   * Reads a host.
   *
   * @param root the host's root directory: {@code /}, or a copy of the files of another one
   * @throws IOException if nothing tells what it speaks
   */
  public static Running read(Path root) throws IOException {
    return new RunningKernel(root).read();
  }

  private Running read() throws IOException {
    Optional<String> release = text(OSRELEASE);
    Optional<Profile> image = image(release);
    Optional<Profile> types = types();
    Profile base = image.or(() -> types).orElse(UNKNOWN);
    Blobs blobs = base.speech(Parts.KHO).state() == Speech.State.NO ? new Blobs() : blobs();
    if (image.isEmpty() && types.isEmpty() && blobs.versions.isEmpty()) {
      throw new IOException("the running kernel cannot be known: " + String.join("; ", notes));
    }
    Profile profile =
        new Profile(
            "the running kernel",
            release.or(base::release),
            base.architecture(),
            base.pageSize().or(() -> types.flatMap(Profile::pageSize)),
            base.parts(),
            base.versions(),
            types.flatMap(Profile::types).or(base::types),
            types.isPresent() ? types.get().constants() : base.constants());
    Optional<Handed> handed = Optional.empty();
    if (!blobs.versions.isEmpty()) {
      Map<String, Speech> parts = new HashMap<>(profile.parts());
      blobs.versions.forEach(
          (name, versions) -> parts.put(name, Speech.yes(versions, "it is in debugfs, kho/out")));
      profile =
          new Profile(
              profile.source(),
              profile.release(),
              profile.architecture(),
              profile.pageSize(),
              parts,
              profile.versions(),
              profile.types(),
              profile.constants());
      handed = Optional.of(handed(blobs, profile));
    }
    return new Running(
        profile, handed, text("proc/cmdline").map(CommandLine::new), List.copyOf(notes));
  }

  /** Sessions and files are written at the jump: whatever LUO can preserve counts as preserved. */
  private static Handed handed(Blobs blobs, Profile profile) {
    Set<String> used = new HashSet<>(blobs.versions.keySet());
    used.add(Parts.KHO.name());
    if (used.contains(Parts.LUO.name())) {
      for (Part part : List.of(Parts.MEMFD, Parts.FLB)) {
        if (profile.speech(part).state() != Speech.State.NO) {
          used.add(part.name());
        }
      }
    }
    return new Handed(used, Set.of(), Set.of(), blobs.reservations, blobs.strangers, false);
  }

  private Optional<Profile> image(Optional<String> release) throws IOException {
    if (release.isEmpty()) {
      return Optional.empty();
    }
    if (!RELEASE.matcher(release.get()).matches()) {
      throw new IOException(root.resolve(OSRELEASE) + ": is no release of a kernel");
    }
    List<String> places =
        List.of(
            "boot/vmlinuz-" + release.get(),
            "lib/modules/" + release.get() + "/vmlinuz",
            "usr/lib/modules/" + release.get() + "/vmlinuz",
            "usr/lib/debug/boot/vmlinux-" + release.get());
    for (String place : places) {
      Optional<KernelImage> image = kernel(place);
      if (image.isPresent()) {
        return Optional.of(ProfileReader.read(image.get()));
      }
    }
    notes.add(
        "no image of the running kernel is at %s: its version strings are not known from there"
            .formatted(String.join(", ", places.stream().map(place -> "/" + place).toList())));
    return Optional.empty();
  }

  private Optional<Profile> types() throws IOException {
    Optional<KernelImage> btf = kernel("sys/kernel/btf/vmlinux");
    if (btf.isEmpty()) {
      notes.add(
          "/sys/kernel/btf/vmlinux cannot be read: its layouts are those of its image, if that has any");
      return Optional.empty();
    }
    return Optional.of(ProfileReader.read(btf.get()));
  }

  private Optional<KernelImage> kernel(String place) throws IOException {
    try {
      return Optional.of(KernelImages.read(root.resolve(place)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (AccessDeniedException e) {
      notes.add("/" + place + " may be read by root alone");
      return Optional.empty();
    }
  }

  /** What debugfs shows of the outgoing handover. */
  private static final class Blobs {
    final Map<String, List<String>> versions = new HashMap<>();
    final List<String> strangers = new ArrayList<>();
    List<ReserveMem> reservations = List.of();
  }

  private Blobs blobs() throws IOException {
    Blobs found = new Blobs();
    Path out = root.resolve(OUT);
    Path directory = out.resolve("sub_fdts");
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files = all.limit(MAX_BLOBS + 1).sorted().toList();
    } catch (NoSuchFileException e) {
      notes.add(
          "/%s is not there: debugfs is not mounted, KHO is off (kho=on), or the kernel was built without"
                  .formatted(OUT)
              + " CONFIG_KEXEC_HANDOVER_DEBUGFS. What is handed over is not known, and all that can be counts");
      return found;
    } catch (AccessDeniedException e) {
      notes.add("/%s may be read by root alone: all that can be handed over counts".formatted(OUT));
      return found;
    } catch (NotDirectoryException e) {
      throw new IOException(directory + ": is no directory", e);
    }
    if (files.size() > MAX_BLOBS) {
      throw new IOException(directory + ": has more than " + MAX_BLOBS + " blobs");
    }
    Path fdt = out.resolve("fdt");
    byte[] root = bytes(fdt, MAX_BLOB);
    if (root != null) {
      found.versions.put(Parts.KHO.name(), compatible(fdt, root));
    }
    for (Path file : files) {
      byte[] bytes = bytes(file, MAX_BLOB);
      if (bytes != null) {
        blob(file, bytes, found);
      }
    }
    return found;
  }

  private static void blob(Path file, byte[] bytes, Blobs found) throws IOException {
    String name = file.getFileName().toString();
    switch (name) {
      case LuoSer.SUBTREE ->
          found.versions.put(
              Parts.LUO.name(),
              Fdt.isMagic(MemorySegment.ofArray(bytes))
                  ? compatible(file, bytes)
                  : List.of(leadingVersion(file, bytes)));
      case FdtLayout.MEMBLOCK_SUBTREE -> {
        found.versions.put(Parts.MEMBLOCK.name(), compatible(file, bytes));
        found.reservations = reservations(file, bytes);
      }
      case KexecMetadata.SUBTREE ->
          found.versions.put(Parts.KEXEC_METADATA.name(), List.of(leadingNumber(file, bytes)));
      case FdtLayout.KHO_TEST_SUBTREE ->
          found.versions.put(Parts.KHO_TEST.name(), compatible(file, bytes));
      default -> found.strangers.add(name);
    }
  }

  private static List<ReserveMem> reservations(Path file, byte[] bytes) throws IOException {
    List<ReserveMem> found = new ArrayList<>();
    try {
      for (FdtNode node : Fdt.read(MemorySegment.ofArray(bytes)).children()) {
        found.add(
            new ReserveMem(
                node.name(),
                node.property("start").orElseThrow().u64(ByteOrder.LITTLE_ENDIAN),
                node.property("size").orElseThrow().u64(ByteOrder.LITTLE_ENDIAN)));
      }
    } catch (FdtException | NoSuchElementException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    return found;
  }

  /** The strings of a device tree's root and its children. */
  private static List<String> compatible(Path file, byte[] bytes) throws IOException {
    try {
      FdtNode tree = Fdt.read(MemorySegment.ofArray(bytes));
      Set<String> strings = new LinkedHashSet<>(TreeValue.compatible(tree));
      tree.children().forEach(node -> strings.addAll(TreeValue.compatible(node)));
      return List.copyOf(strings);
    } catch (FdtException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static String leadingVersion(Path file, byte[] bytes) throws IOException {
    int end = 0;
    while (end < bytes.length && end < 48 && bytes[end] > ' ') {
      end++;
    }
    if (end == 0) {
      throw new IOException(file + ": is no device tree, and does not begin with a version");
    }
    return new String(bytes, 0, end, StandardCharsets.US_ASCII);
  }

  private static String leadingNumber(Path file, byte[] bytes) throws IOException {
    if (bytes.length < Integer.BYTES) {
      throw new IOException(file + ": ends within its version, after " + bytes.length + " bytes");
    }
    int version = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
    return Integer.toUnsignedString(version);
  }

  private Optional<String> text(String place) throws IOException {
    byte[] bytes = bytes(root.resolve(place), MAX_TEXT);
    return bytes == null
        ? Optional.empty()
        : Optional.of(new String(bytes, StandardCharsets.UTF_8).strip());
  }

  private byte @Nullable [] bytes(Path path, int most) throws IOException {
    // A FIFO would be waited for.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new IOException(path + ": is no file");
    }
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(most);
    } catch (NoSuchFileException e) {
      return null;
    } catch (AccessDeniedException e) {
      notes.add("/" + root.relativize(path) + " may be read by root alone");
      return null;
    }
  }
}
