package org.kho4j.preflight.outgoing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.host.DebugfsOut;
import org.kho4j.preflight.host.HostFiles;
import org.kho4j.preflight.host.HostStatusReader;
import org.kho4j.preflight.host.HostWarning;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.ProfileReader;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.Scratch;

/**
 * The running kernel of a host: its types in /sys/kernel/btf/vmlinux, its image in the directories
 * of distributions, and its outgoing handover in debugfs.
 */
public final class RunningKernel {

  private static final String OSRELEASE = "proc/sys/kernel/osrelease";
  private static final String TYPES = "sys/kernel/btf/vmlinux";

  /** The form of a release, which becomes a part of file names. */
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
          Map.of(),
          Optional.empty(),
          Optional.empty());

  private final HostFiles files;

  private RunningKernel(Path root) {
    files = new HostFiles(root);
  }

  /**
   * Reads a host.
   *
   * @param root the host's root directory: {@code /}, or a copy of the files of another one
   * @throws IOException if no file shows the kernel's versions
   */
  public static OutgoingKernel read(Path root) throws IOException {
    return new RunningKernel(root).read();
  }

  private OutgoingKernel read() throws IOException {
    Optional<String> release = files.text(OSRELEASE);
    Optional<Profile> image = image(release);
    Optional<Profile> types = types();
    Profile base = image.or(() -> types).orElse(UNKNOWN);
    DebugfsOut out =
        base.support(Part.KHO).state() == Support.State.NO
            ? DebugfsOut.NONE
            : DebugfsOut.read(files);
    if (image.isEmpty() && types.isEmpty() && out.isEmpty()) {
      throw new IOException(
          "the running kernel cannot be identified: " + String.join("; ", files.notes()));
    }
    noteUnfinalized();
    Map<String, Support> parts = new HashMap<>(base.parts());
    out.versions()
        .forEach((name, versions) -> {
          if (!versions.isEmpty()) {
            parts.put(name, Support.yes(versions, "it is in debugfs, kho/out"));
          } else if (name.equals(Part.MEMBLOCK.name()) || !isKnown(base, name)) {
            // The reservations in a subtree that cannot be read are unknown, whatever the version.
            parts.put(name, Support.unknown("debugfs, kho/out, lists it, and it cannot be read"));
          }
        });
    Profile profile =
        new Profile(
            "the running kernel",
            release.or(base::release),
            base.architecture(),
            base.pageSize().or(() -> types.flatMap(Profile::pageSize)),
            parts,
            base.versions(),
            types.flatMap(Profile::types).or(base::types),
            types.isPresent() ? types.get().constants() : base.constants(),
            base.config(),
            base.footprint());
    Optional<HandoverContent> content =
        out.isEmpty() ? Optional.empty() : Optional.of(content(out, profile));
    return new OutgoingKernel(
        profile, content, CommandLine.of(files), Optional.empty(), files.notes());
  }

  private void noteUnfinalized() {
    try {
      if (HostStatusReader.isUnfinalized(files)) {
        HostWarning warning = HostWarning.UNFINALIZED;
        files.note(warning.sentence() + ": " + warning.remedy());
      }
    } catch (IOException e) {
      files.note(String.valueOf(e.getMessage()));
    }
  }

  private static boolean isKnown(Profile kernel, String part) {
    return Part.of(part).filter(one -> !kernel.support(one).versions().isEmpty()).isPresent();
  }

  /**
   * Returns the parts that will be handed over. Sessions and files are written at the jump: all
   * kinds that LUO can preserve count as preserved.
   */
  private HandoverContent content(DebugfsOut out, Profile profile) throws IOException {
    Set<String> used = new HashSet<>(out.versions().keySet());
    used.add(Part.KHO.name());
    return new HandoverContent(
        used.contains(Part.LUO.name()) ? HandoverContent.withSessions(used, profile) : used,
        Set.of(),
        Set.of(),
        Set.of(),
        out.reservations(),
        out.unknownSubtrees(),
        Optional.empty(),
        out.scratch().isEmpty()
            ? Optional.empty()
            : Optional.of(new Scratch(out.scratch(), files.ram(), OptionalLong.empty())));
  }

  private Optional<Profile> image(Optional<String> release) throws IOException {
    if (release.isEmpty()) {
      return Optional.empty();
    }
    if (!RELEASE.matcher(release.get()).matches()) {
      throw files.broken(OSRELEASE, "is no release of a kernel");
    }
    List<String> places =
        List.of(
            "boot/vmlinuz-" + release.get(),
            "lib/modules/" + release.get() + "/vmlinuz",
            "usr/lib/modules/" + release.get() + "/vmlinuz",
            "usr/lib/debug/boot/vmlinux-" + release.get());
    for (String place : places) {
      Optional<Profile> image = kernel(place);
      if (image.isPresent()
          && image
              .get()
              .release()
              .filter(other -> !release.equals(Optional.of(other)))
              .isPresent()) {
        files.note(
            "%s is not the running kernel, but %s"
                .formatted(files.path(place), image.get().release().orElseThrow()));
      } else if (image.flatMap(Profile::versions).isPresent()) {
        return image;
      }
    }
    files.note(
        "no image of the running kernel is at %s, so its version strings are unknown"
            .formatted(
                String.join(
                    ", ", places.stream().map(place -> files.path(place).toString()).toList())));
    return Optional.empty();
  }

  private Optional<Profile> types() throws IOException {
    Optional<Profile> btf = kernel(TYPES);
    if (btf.isEmpty()) {
      files.note(
          files.path(TYPES)
              + " cannot be read: its layouts are those of its image, if that has any");
    }
    return btf;
  }

  private Optional<Profile> kernel(String place) throws IOException {
    Optional<KernelImage> image = files.read(place, KernelImages::read);
    return image.isEmpty() ? Optional.empty() : Optional.of(ProfileReader.read(image.get()));
  }
}
