package org.kho4j.cli.preflight;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kho4j.preflight.boot.BootEntry;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.Handed;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Parts;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.ProfileReader;
import org.kho4j.preflight.profile.Speech;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;

/**
 * The outgoing side of a pair, as read from its source.
 *
 * @param handed what it really hands over; empty for all that it can
 * @param commandLine its own command line, where it runs, or is to boot with one: that of a boot
 *     entry or a unified kernel image
 * @param initrd bytes of the initrd that it is to boot with, where that is known
 * @param notes what could not be read of it, a sentence each
 */
public record OutgoingKernel(
    Profile profile,
    Optional<Handed> handed,
    Optional<CommandLine> commandLine,
    Optional<Long> initrd,
    List<String> notes) {

  public OutgoingKernel {
    notes = List.copyOf(notes);
  }

  static OutgoingKernel of(Profile profile, Optional<Handed> handed) {
    return new OutgoingKernel(profile, handed, Optional.empty(), Optional.empty(), List.of());
  }

  /** A kernel by its image, with what a unified kernel image has beside it. */
  static OutgoingKernel of(KernelImage image) throws IOException {
    return new OutgoingKernel(
        ProfileReader.read(image),
        Optional.empty(),
        image.unified().flatMap(KernelImage.Unified::commandLine).map(CommandLine::new),
        image.unified().flatMap(KernelImage.Unified::initrdBytes),
        List.of());
  }

  /** A kernel as a boot entry loads it. */
  static OutgoingKernel of(BootEntry entry) throws IOException {
    OutgoingKernel kernel = of(KernelImages.read(entry.kernel()));
    List<String> all = new ArrayList<>(entry.notes());
    all.addAll(kernel.notes);
    return new OutgoingKernel(
        kernel.profile,
        kernel.handed,
        entry.options().map(CommandLine::new).or(kernel::commandLine),
        entry.initrdBytes().or(kernel::initrd),
        all);
  }

  /**
   * Refuses a kernel that has another version of a part in this memory, or lacks the part. A part
   * that may be in a module says nothing about the kernel.
   *
   * @throws IOException if the kernel cannot have written the memory
   */
  private void requireWriter(Profile kernel) throws IOException {
    for (Part part : Parts.ALL) {
      Speech written = profile.speech(part);
      Speech spoken = kernel.speech(part);
      boolean known = spoken.state() == Speech.State.NO || !spoken.versions().isEmpty();
      if (known
          && !part.feature().modular()
          && !spoken.versions().containsAll(written.versions())) {
        throw new IOException(
            "%s: that kernel did not write this memory"
                .formatted(another(profile.source(), written, part.name(), kernel, spoken)));
      }
    }
  }

  private static String another(
      String memory, Speech written, String part, Profile kernel, Speech spoken) {
    String other = spoken.state() == Speech.State.NO ? "none" : "an unknown version";
    return "%s has %s of %s, but %s has %s"
        .formatted(
            memory,
            written.text().orElseThrow(),
            part,
            kernel.source(),
            spoken.text().orElse(other));
  }

  /**
   * A memory image together with the kernel that wrote it: layouts are the kernel's, versions in
   * use those that the memory has.
   *
   * @throws IOException if the kernel cannot have written the memory
   */
  OutgoingKernel writtenBy(OutgoingKernel writer) throws IOException {
    Profile kernel = writer.profile;
    Optional<String> impossible = Preflight.impossible(profile, kernel);
    if (impossible.isPresent()) {
      throw new IOException(impossible.get());
    }
    if (kernel.pageSize().isPresent() && !kernel.pageSize().equals(profile.pageSize())) {
      throw new IOException(
          "%s has pages of %s, but %s has pages of %s: that kernel did not write this memory"
              .formatted(
                  profile.source(),
                  profile.pageSize().orElseThrow(),
                  kernel.source(),
                  kernel.pageSize().get()));
    }
    requireWriter(kernel);
    List<String> all = new ArrayList<>(notes);
    all.addAll(writer.notes);
    if (profile.release().isPresent()
        && kernel.release().isPresent()
        && !profile.release().equals(kernel.release())) {
      all.add(
          "Linux %s wrote the memory, but %s is Linux %s"
              .formatted(profile.release().get(), kernel.source(), kernel.release().get()));
    }
    Map<String, Speech> parts = new HashMap<>(kernel.parts());
    for (String name : handed.map(Handed::parts).orElseThrow()) {
      Speech written = profile.parts().get(name);
      Speech spoken = parts.get(name);
      if (written == null || written.versions().isEmpty()) {
        continue;
      }
      parts.put(name, written);
      if (spoken != null && !spoken.versions().containsAll(written.versions())) {
        all.add(another("the memory", written, name, kernel, spoken));
      }
    }
    return new OutgoingKernel(
        new Profile(
            kernel.source(),
            kernel.release(),
            kernel.architecture(),
            kernel.pageSize(),
            parts,
            kernel.versions(),
            kernel.types(),
            kernel.constants(),
            kernel.khoByDefault(),
            kernel.footprint()),
        handed,
        commandLine,
        initrd,
        all);
  }
}
