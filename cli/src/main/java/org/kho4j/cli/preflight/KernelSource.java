package org.kho4j.cli.preflight;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Packing;
import org.kho4j.handover.Handover;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.preflight.HandedReader;
import org.kho4j.preflight.Profile;
import org.kho4j.preflight.ProfileReader;
import org.kho4j.preflight.RunningKernel;
import org.kho4j.preflight.image.KernelImages;

/** Takes what stands for a kernel on the command line. */
final class KernelSource {

  private static final String RUNNING = "running";

  private final Invocation invocation;

  KernelSource(Invocation invocation) {
    this.invocation = invocation;
  }

  /** A kernel: an image, a profile, or that of this machine. */
  Profile kernel(String name) throws IOException {
    if (name.equals(RUNNING)) {
      RunningKernel.Running running = RunningKernel.read(root());
      running.notes().forEach(invocation::note);
      return running.profile();
    }
    Path path = Path.of(name);
    return ProfileFile.isOne(path)
        ? ProfileFile.read(path)
        : ProfileReader.read(KernelImages.read(path));
  }

  /** The same, read while something else is. */
  Pending reading(String name) {
    FutureTask<Profile> task = new FutureTask<>(() -> kernel(name));
    Thread.ofPlatform().daemon().name("read " + name).start(task);
    return new Pending(task);
  }

  /** A kernel that is being read. */
  record Pending(FutureTask<Profile> task) {

    Profile get() throws IOException {
      try {
        return task.get();
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case IOException cause -> throw cause;
          case RuntimeException cause -> throw cause;
          case Error cause -> throw cause;
          case null, default -> throw new AssertionError(e);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while a kernel was read", e);
      }
    }
  }

  /**
   * What hands over: a kernel, or a memory image.
   *
   * @param kernel the kernel that wrote the memory image, if it is at hand
   */
  Outgoing outgoing(String name, @Nullable String kernel) throws IOException {
    Outgoing outgoing = outgoing(name);
    if (kernel == null) {
      return outgoing;
    }
    if (outgoing.handed().isEmpty()) {
      throw invocation.wrong(
          "--from-kernel goes with a memory image, and " + name + " is a kernel");
    }
    return Outgoing.of(kernel(kernel), outgoing.handed());
  }

  private Outgoing outgoing(String name) throws IOException {
    if (name.equals(RUNNING)) {
      RunningKernel.Running running = RunningKernel.read(root());
      return new Outgoing(
          running.profile(), running.handed(), running.commandLine(), running.notes());
    }
    // Kernels that are zstd as a whole are rare, and memory as a whole is unpacked once.
    if (!ProfileFile.isOne(Path.of(name)) && isZstd(Path.of(name))) {
      Optional<Outgoing> memory = memory(name);
      return memory.isPresent() ? memory.get() : Outgoing.of(kernel(name), Optional.empty());
    }
    try {
      return Outgoing.of(kernel(name), Optional.empty());
    } catch (MalformedImageException notAKernel) {
      return memory(name, notAKernel).orElseThrow(() -> notAKernel);
    }
  }

  private Optional<Outgoing> memory(String name, MalformedImageException notAKernel)
      throws IOException {
    try {
      return memory(name);
    } catch (MalformedImageException neither) {
      throw new MalformedImageException(
          notAKernel.getMessage() + "; nor is it memory: " + neither.getMessage());
    }
  }

  /** What a memory image hands over, if there is a handover in it. */
  private Optional<Outgoing> memory(String name) throws IOException {
    try (PhysicalMemory memory = invocation.open(Path.of(name))) {
      HandoverSearch search = HandoverSearch.in(invocation, memory);
      if (search.handovers().isEmpty()) {
        return Optional.empty();
      }
      search.noteRejected(invocation);
      Handover handover = search.choose(null, "--fdt");
      HandedReader.Outgoing read = HandedReader.read(handover, name);
      return Optional.of(Outgoing.of(read.profile(), Optional.of(read.handed())));
    }
  }

  private static boolean isZstd(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      Optional<Packing> packing = Packing.of(MemorySegment.ofArray(in.readNBytes(4)));
      return packing.filter(form -> form == Packing.ZSTD).isPresent();
    }
  }

  private Path root() {
    return Objects.requireNonNullElse(invocation.value("--root", Path.class), Path.of("/"));
  }
}
