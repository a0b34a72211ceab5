package org.kho4j.preflight.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kho4j.preflight.host.HostFiles;
import org.kho4j.preflight.host.HostStatusReader;

/**
 * The boot entries of a host by the boot loader specification of the UAPI group: files of {@code
 * loader/entries} and unified kernel images of {@code EFI/Linux}, on the boot partitions.
 */
public final class BootEntries {

  /** The mount points of boot partitions, the EFI system partition first. */
  private static final List<String> PARTITIONS = List.of("efi", "boot", "boot/efi");

  /** Where systemd alone looks if it exists: a host makes it to decide itself what is loaded. */
  private static final String OWN = "run/boot-loader-entries";

  private static final String EFI = "sys/firmware/efi/efivars/";

  /** EFI variables that name the next entry, the one that counts first in front. */
  private static final List<String> VARIABLES =
      List.of("LoaderEntryOneShot", "LoaderEntryPreferred", "LoaderEntryDefault");

  /** The vendor of the boot loader interface's variables. */
  private static final String VENDOR = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  /** Bytes of the attributes in front of an EFI variable. */
  private static final int ATTRIBUTES = 4;

  private static final int MAX_LINES = 1000;

  /** Names that systemd accepts: it ignores the files of others. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9+_.@-]+");

  private static final Pattern LINE = Pattern.compile("\\s*([A-Za-z0-9-]+)\\s+(\\S.*)");

  /** {@code NAME+LEFT-DONE.conf}: the remaining tries to boot an entry. */
  private static final Pattern COUNTED = Pattern.compile("(.+)\\+(\\d+)(-\\d+)?(\\.[a-z]+)");

  /**
   * The order of entries, best first: failed entries come last, then by sort-key, machine and the
   * newest version, then by file name. Machine and version count only for entries with a sort-key.
   */
  private static final Comparator<Found> ORDER =
      Comparator.comparing(Found::failed)
          .thenComparing(found -> found.sortKey.isEmpty())
          .thenComparing(Found::sortKey)
          .thenComparing(found -> found.sortKey.isEmpty() ? "" : found.machine)
          .thenComparing(
              found -> found.sortKey.isEmpty() ? "" : found.version,
              VersionOrder.INSTANCE.reversed())
          .thenComparing(Found::id, VersionOrder.INSTANCE.reversed());

  private final Path root;
  private final HostFiles files;

  private BootEntries(Path root) {
    this.root = root;
    files = new HostFiles(root);
  }

  /**
   * Returns the default boot entry of a host.
   *
   * @param root the host's root directory: {@code /}, or a copy of the files of another one
   * @throws IOException if the host has no entry, or the entry's files do not exist
   */
  public static BootEntry next(Path root) throws IOException {
    return new BootEntries(root).choose();
  }

  /** An entry whose files were not read. */
  private record Found(
      String id,
      String place,
      Path partition,
      boolean failed,
      String sortKey,
      String machine,
      String version,
      @Nullable String kernel,
      List<String> initrds,
      List<String> options) {}

  private BootEntry choose() throws IOException {
    List<String> partitions = files.names(OWN).isPresent() ? List.of(OWN) : PARTITIONS;
    List<Found> all = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (String partition : partitions) {
      for (Found found : entries(partition)) {
        if (ids.add(found.id)) {
          all.add(found);
        }
      }
    }
    if (all.isEmpty()) {
      throw new IOException(
          "there is no boot entry: neither loader/entries nor EFI/Linux in %s has one"
              .formatted(
                  String.join(
                      ", ",
                      partitions.stream().map(place -> files.path(place).toString()).toList())));
    }
    all.sort(ORDER);
    List<String> notes = new ArrayList<>();
    Found chosen = chosen(all, partitions, notes);
    if (HostStatusReader.kexecLoaded(files).orElse(false)) {
      notes.add(
          "a kernel is already loaded (/sys/kernel/kexec/loaded): systemctl kexec jumps into this"
              + " kernel, which may differ from that of the boot entry");
    }
    return entry(chosen, notes);
  }

  /** Returns the entry that systemctl kexec chooses; adds a note with the reason. */
  private Found chosen(List<Found> all, List<String> partitions, List<String> notes)
      throws IOException {
    for (String variable : VARIABLES) {
      Optional<Found> found = named(all, variable(variable));
      if (found.isPresent()) {
        return noted(notes, found.get(), "the EFI variable " + variable + " names it");
      }
    }
    for (String partition : partitions) {
      String place = partition + "/loader/loader.conf";
      Optional<String> configuration = files.text(place);
      if (configuration.isEmpty()) {
        continue;
      }
      for (String key : List.of("preferred", "default")) {
        Optional<Found> found = named(all, last(configuration.get(), key));
        if (found.isPresent()) {
          return noted(notes, found.get(), key + " of " + files.path(place));
        }
      }
      break; // systemd reads one, that of the EFI system partition.
    }
    return noted(notes, all.getFirst(), "the first of " + all.size() + " by their order");
  }

  /** Returns the entry of a pattern; {@code @saved} is the entry that the boot loader started. */
  private Optional<Found> named(List<Found> all, Optional<String> pattern) throws IOException {
    Optional<String> wanted =
        pattern.filter("@saved"::equalsIgnoreCase).isPresent()
            ? variable("LoaderEntrySelected")
            : pattern;
    return wanted.flatMap(text -> matching(all, text));
  }

  private Found noted(List<String> notes, Found found, String because) {
    notes.add(
        "the next kernel is that of the boot entry %s: %s"
            .formatted(files.path(found.place), because));
    return found;
  }

  private Optional<String> variable(String name) throws IOException {
    return files
        .bytes(EFI + name + VENDOR)
        .filter(bytes -> bytes.length > ATTRIBUTES)
        .map(bytes ->
            new String(bytes, ATTRIBUTES, bytes.length - ATTRIBUTES, StandardCharsets.UTF_16LE)
                .split("\0", 2)[0])
        .filter(text -> !text.isEmpty());
  }

  /** Returns the best entry whose id, which has the file name's extension, fits a pattern. */
  private static Optional<Found> matching(List<Found> all, String text) {
    EntryPattern pattern = new EntryPattern(text.toLowerCase(Locale.ROOT));
    return all.stream()
        .filter(found -> pattern.matches(found.id.toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  private List<Found> entries(String partition) throws IOException {
    List<Found> entries = new ArrayList<>();
    for (String name : names(partition + "/loader/entries", ".conf")) {
      String place = partition + "/loader/entries/" + name;
      Optional<String> text = files.text(place);
      if (text.isPresent()) {
        entries.add(read(name, place, partition, text.get()));
      }
    }
    for (String name : names(partition + "/EFI/Linux", ".efi")) {
      entries.add(
          new Found(
              id(name),
              partition + "/EFI/Linux/" + name,
              root.resolve(partition),
              isFailed(name),
              "",
              "",
              "",
              "/EFI/Linux/" + name,
              List.of(),
              List.of()));
    }
    return entries;
  }

  private List<String> names(String directory, String end) throws IOException {
    return files.names(directory).orElse(List.of()).stream()
        .filter(name -> NAME.matcher(name).matches())
        .filter(name -> name.toLowerCase(Locale.ROOT).endsWith(end))
        .toList();
  }

  private Found read(String name, String place, String partition, String text) {
    return new Found(
        id(name),
        place,
        root.resolve(partition),
        isFailed(name),
        last(text, "sort-key").orElse(""),
        last(text, "machine-id").orElse(""),
        last(text, "version").orElse(""),
        last(text, "linux").or(() -> last(text, "uki")).orElse(null),
        values(text, "initrd"),
        values(text, "options"));
  }

  private static String id(String name) {
    Matcher counted = COUNTED.matcher(name);
    return counted.matches() ? counted.group(1) + counted.group(4) : name;
  }

  /** Returns whether a boot loader has used up all tries. */
  private static boolean isFailed(String name) {
    Matcher counted = COUNTED.matcher(name);
    return counted.matches() && counted.group(2).matches("0+");
  }

  private static Optional<String> last(String text, String key) {
    return values(text, key).stream().reduce((_, last) -> last);
  }

  private static List<String> values(String text, String key) {
    return text.lines()
        .limit(MAX_LINES)
        .map(LINE::matcher)
        .filter(line -> line.matches() && line.group(1).equals(key))
        .map(line -> line.group(2).strip())
        .toList();
  }

  private BootEntry entry(Found found, List<String> notes) throws IOException {
    if (found.kernel == null) {
      throw files.broken(
          found.place, "the boot entry names no kernel: it has neither linux nor uki");
    }
    long initrds = 0;
    for (String initrd : found.initrds) {
      initrds += Files.size(file(found, initrd));
    }
    if (found.initrds.size() > 1) {
      notes.add(
          "the boot entry has %d initrds, with which systemctl kexec refuses it; their sizes are added"
              .formatted(found.initrds.size()));
    }
    return new BootEntry(
        found.id,
        file(found, found.kernel),
        found.options.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", found.options)),
        found.initrds.isEmpty() ? Optional.empty() : Optional.of(initrds),
        notes);
  }

  /** Returns a file of an entry, by its path on the partition. */
  private Path file(Found found, String path) throws IOException {
    Path file;
    try {
      file = found.partition.resolve(path.replaceFirst("^/+", "")).normalize();
    } catch (InvalidPathException e) {
      throw files.broken(found.place, "'%s' is no path".formatted(path));
    }
    if (!file.startsWith(found.partition.normalize())) {
      throw files.broken(found.place, "%s leaves the boot partition".formatted(path));
    }
    if (!Files.isRegularFile(file)) {
      throw files.broken(found.place, "names %s, but there is no such file".formatted(file));
    }
    if (files.leadsOut(file)) {
      throw files.broken(
          found.place, "names %s, a symbolic link that leads out of %s".formatted(file, root));
    }
    return file;
  }
}
