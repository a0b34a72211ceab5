package org.kho4j.cli.preflight;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.handover.Handover;
import org.kho4j.memory.MalformedImageException;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.preflight.HandedReader;
import org.kho4j.preflight.Profile;
import org.kho4j.preflight.ProfileReader;
import org.kho4j.preflight.image.KernelImages;

/** Takes what stands for a kernel on the command line. */
final class KernelSource {

  private final Invocation invocation;

  KernelSource(Invocation invocation) {
    this.invocation = invocation;
  }

  /** A kernel: an image, or a profile. */
  Profile kernel(String name) throws IOException {
    Path path = Path.of(name);
    return ProfileFile.isOne(path) ? ProfileFile.read(path) : ProfileReader.read(KernelImages.read(path));
  }

  /** What hands over: a kernel, or a memory image. */
  Outgoing outgoing(String name) throws IOException {
    Path path = Path.of(name);
    try {
      return new Outgoing(kernel(name), Optional.empty());
    } catch (MalformedImageException notAKernel) {
      try (PhysicalMemory memory = MemoryImages.open(path, invocation.options().openOptions())) {
        HandoverSearch search = HandoverSearch.in(invocation, memory);
        if (search.handovers().isEmpty()) {
          throw notAKernel;
        }
        search.noteRejected(invocation);
        Handover handover = search.choose(null, "--fdt");
        HandedReader.Outgoing read = HandedReader.read(handover, name);
        return new Outgoing(read.profile(), Optional.of(read.handed()));
      }
    }
  }
}
