package org.kho4j.preflight.outgoing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kho4j.preflight.boot.BootEntry;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.KernelPair;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.ProfileReader;
import org.kho4j.preflight.profile.Support;

/**
 * A kernel of a pair, with all that is known of it.
 *
 * @param content what it hands over; empty, which means all that it can, if that is not known
 * @param commandLine its own command line, where it runs, or is to boot with one: that of a boot
 *     entry or a unified kernel image
 * @param initrd bytes of the initrd that it is to boot with, where that is known
 * @param notes what could not be read of it, a sentence each
 */
public record OutgoingKernel(
    Profile profile,
    Optional<HandoverContent> content,
    Optional<CommandLine> commandLine,
    Optional<Long> initrd,
    List<String> notes) {

  public OutgoingKernel {
    notes = List.copyOf(notes);
  }

  /** Returns a kernel without a command line. */
  public static OutgoingKernel of(Profile profile, Optional<HandoverContent> content) {
    return new OutgoingKernel(profile, content, Optional.empty(), Optional.empty(), List.of());
  }

  /** Reads a kernel from its image, with the command line and initrd of a unified kernel image. */
  public static OutgoingKernel of(KernelImage image) throws IOException {
    return new OutgoingKernel(
        ProfileReader.read(image),
        Optional.empty(),
        image.unified().flatMap(KernelImage.Unified::commandLine).map(CommandLine::new),
        image.unified().flatMap(KernelImage.Unified::initrdBytes),
        List.of());
  }

  /**
   * Reads the kernel of a boot entry. Its command line is that of the entry, otherwise that of the
   * unified kernel image, otherwise empty, as {@code systemctl kexec} loads it.
   */
  public static OutgoingKernel of(BootEntry entry) throws IOException {
    OutgoingKernel kernel = of(KernelImages.read(entry.kernel()));
    List<String> all = new ArrayList<>(entry.notes());
    all.addAll(kernel.notes);
    return new OutgoingKernel(
        kernel.profile,
        kernel.content,
        entry
            .options()
            .map(CommandLine::new)
            .or(kernel::commandLine)
            .or(() -> Optional.of(new CommandLine(""))),
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
    for (Part part : Part.ALL) {
      Support written = profile.support(part);
      Support supported = kernel.support(part);
      boolean known = supported.state() == Support.State.NO || !supported.versions().isEmpty();
      if (known
          && !part.feature().modular()
          && !supported.versions().containsAll(written.versions())) {
        throw new IOException(
            "%s: that kernel did not write this memory"
                .formatted(another(profile.source(), written, part.name(), kernel, supported)));
      }
    }
  }

  private static String another(
      String memory, Support written, String part, Profile kernel, Support supported) {
    String other = supported.state() == Support.State.NO ? "none" : "an unknown version";
    return "%s has %s of %s, but %s has %s"
        .formatted(
            memory,
            written.text().orElseThrow(),
            part,
            kernel.source(),
            supported.text().orElse(other));
  }

  /**
   * A memory image together with the kernel that wrote it: layouts are the kernel's, versions in
   * use those that the memory has.
   *
   * @throws IOException if the kernel cannot have written the memory
   */
  public OutgoingKernel writtenBy(OutgoingKernel writer) throws IOException {
    Profile kernel = writer.profile;
    Optional<String> impossible = new KernelPair(profile, kernel).impossible();
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
    Map<String, Support> parts = new HashMap<>(kernel.parts());
    for (String name : content.map(HandoverContent::parts).orElseThrow()) {
      Support written = profile.parts().get(name);
      Support supported = parts.get(name);
      if (written == null || written.versions().isEmpty()) {
        continue;
      }
      parts.put(name, written);
      if (supported != null && !supported.versions().containsAll(written.versions())) {
        all.add(another("the memory", written, name, kernel, supported));
      }
    }
    return new OutgoingKernel(kernel.withParts(parts), content, commandLine, initrd, all);
  }
}
