package org.kho4j.cli.preflight;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Packing;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.preflight.Handed;
import org.kho4j.preflight.HandedReader;
import org.kho4j.preflight.ProfileReader;
import org.kho4j.preflight.RunningKernel;
import org.kho4j.preflight.image.KernelImages;

/** Reads the kernels and memory images that the command line names. */
final class KernelSource {

  private static final String RUNNING = "running";

  /**
   * Findings of one rule that are looked at; a handover that is broken more often is lost anyway.
   */
  private static final int FINDINGS_PER_RULE = 1000;

  private final Invocation invocation;

  KernelSource(Invocation invocation) {
    this.invocation = invocation;
  }

  /** Reads an image, a profile, or the kernel of this machine, which alone has notes. */
  OutgoingKernel kernel(String name) throws IOException {
    if (name.equals(RUNNING)) {
      RunningKernel.Running running = RunningKernel.read(invocation.options().root());
      return new OutgoingKernel(
          running.profile(), running.handed(), running.commandLine(), running.notes());
    }
    Path path = Path.of(name);
    return OutgoingKernel.of(
        ProfileFile.isOne(path)
            ? ProfileFile.read(path)
            : ProfileReader.read(KernelImages.read(path)),
        Optional.empty());
  }

  /** Reads a kernel where a memory image has no place. */
  OutgoingKernel onlyKernel(String name) throws IOException {
    try {
      return kernel(name);
    } catch (MalformedImageException e) {
      throw memoryKind(Path.of(name))
          .map(kind ->
              new MalformedImageException(
                  "%s is a memory image (%s), and no kernel; did you mean kho preflight --from %s?"
                      .formatted(name, kind, name)))
          .orElse(e);
    }
  }

  /** The form of a memory image, if a file is one that has a handover or carries addresses. */
  private static Optional<String> memoryKind(Path path) {
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      MemorySource.Kind kind = memory.source().kind();
      return kind != MemorySource.Kind.RAW
              || !RootSearch.search(memory, bytes -> {}).roots().isEmpty()
          ? Optional.of(kind.label())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Starts to read a kernel, beside the caller's other work. */
  Pending reading(String name) {
    FutureTask<OutgoingKernel> task = new FutureTask<>(() -> onlyKernel(name));
    Thread.ofPlatform().daemon().name("read " + name).start(task);
    return new Pending(task);
  }

  /** A kernel that is being read. */
  record Pending(FutureTask<OutgoingKernel> task) {

    OutgoingKernel get() throws IOException {
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
   * Reads the side that hands over: a kernel, or a memory image.
   *
   * @param writer the kernel that wrote the memory image, if it is at hand
   */
  OutgoingKernel outgoing(String name, @Nullable String writer) throws IOException {
    boolean running = name.equals(RUNNING);
    OutgoingKernel outgoing =
        running ? new RunningHost(invocation).outgoing(kernel(name)) : kernelOrMemory(name);
    boolean image = !running && outgoing.handed().flatMap(Handed::integrity).isPresent();
    if (!image && ScratchOptions.isGiven(invocation)) {
      throw invocation.wrong(
          "--setup-data and --scratch-array go with a memory image, and %s is a kernel"
              .formatted(name));
    }
    if (writer == null) {
      return outgoing;
    }
    if (!image) {
      throw invocation.wrong(
          "--from-kernel goes with a memory image, and " + name + " is a kernel");
    }
    return outgoing.writtenBy(onlyKernel(writer));
  }

  private OutgoingKernel kernelOrMemory(String name) throws IOException {
    Path path = Path.of(name);
    // A zstd file is mostly memory. Either way, a second attempt unpacks it again.
    boolean memoryFirst = !ProfileFile.isOne(path) && isZstd(path);
    try {
      return memoryFirst ? memory(path) : kernel(name);
    } catch (MalformedImageException first) {
      try {
        return memoryFirst ? kernel(name) : memory(path);
      } catch (MalformedImageException second) {
        MalformedImageException notAKernel = memoryFirst ? second : first;
        MalformedImageException notMemory = memoryFirst ? first : second;
        throw new MalformedImageException(
            notAKernel.getMessage() + "; nor is it memory: " + notMemory.getMessage());
      }
    }
  }

  private OutgoingKernel memory(Path path) throws IOException {
    return memory(invocation, path);
  }

  /** Reads the handover in a memory image. */
  static OutgoingKernel memory(Invocation invocation, Path path) throws IOException {
    try (PhysicalMemory memory = invocation.open(path)) {
      HandoverSearch search = HandoverSearch.withBootRecords(invocation, memory);
      search.noteRejected(invocation);
      if (search.handovers().isEmpty()) {
        throw new MalformedImageException(search.nothingFound());
      }
      Handover handover = search.choose(null, "--fdt");
      if (handover.taken().isPresent()) {
        throw new IOException(
            "%s: the handover at 0x%x has nothing to hand over, as a kernel has taken it: %s"
                .formatted(path, handover.root().address(), handover.taken().get()));
      }
      HandedReader.Outgoing read =
          HandedReader.read(
              handover,
              path.toString(),
              ScratchOptions.verifying(invocation, rule -> true, FINDINGS_PER_RULE));
      return OutgoingKernel.of(read.profile(), Optional.of(read.handed()));
    }
  }

  private static boolean isZstd(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      Optional<Packing> packing = Packing.of(MemorySegment.ofArray(in.readNBytes(4)));
      return packing.filter(form -> form == Packing.ZSTD).isPresent();
    }
  }
}
