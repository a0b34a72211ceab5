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
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Packing;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.preflight.boot.BootEntries;
import org.kho4j.preflight.image.KernelImages;
import org.kho4j.preflight.outgoing.HandoverContent;
import org.kho4j.preflight.outgoing.HandoverReader;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.outgoing.RunningKernel;
import org.kho4j.verify.Verifier;

/** Reads the kernels and memory images that the command line names. */
public final class KernelSource {

  private static final String NEXT = "next";

  /**
   * Findings of one rule that are looked at; a handover that is broken more often is lost anyway.
   */
  private static final int FINDINGS_PER_RULE = 1000;

  private final Invocation invocation;
  private final Look look;

  KernelSource(Invocation invocation) {
    this(invocation, (handover, options) -> {});
  }

  /**
   * A reader.
   *
   * @param look sees the handover of a memory image as well
   */
  public KernelSource(Invocation invocation, Look look) {
    this.invocation = invocation;
    this.look = look;
  }

  /** Another look at the handover that is read, while its memory is open. */
  @FunctionalInterface
  public interface Look {
    /**
     * Looks at a handover.
     *
     * @param options with which it is verified
     */
    void at(Handover handover, Verifier.Options options);

    /** Looks at a document in the place of a memory image, after it was read. */
    default void at(InspectDocument document) throws IOException {}
  }

  /** Reads an image, a profile, or the kernel of this machine, which alone has notes. */
  OutgoingKernel kernel(String name) throws IOException {
    if (name.equals(Invocation.RUNNING)) {
      return RunningKernel.read(invocation.options().root());
    }
    if (name.equals(NEXT)) {
      return OutgoingKernel.of(BootEntries.next(invocation.options().root()));
    }
    Path path = Path.of(name);
    invocation.reads(path);
    return ProfileFile.isOne(path)
        ? ProfileFile.read(path)
        : OutgoingKernel.of(KernelImages.read(path));
  }

  /** Reads a kernel where a memory image has no place. */
  public OutgoingKernel onlyKernel(String name) throws IOException {
    try {
      return kernel(name);
    } catch (MalformedImageException e) {
      throw memoryKind(Path.of(name))
          .map(kind ->
              new MalformedImageException(
                  ("%s is a memory image (%s), not a kernel; did you mean kho preflight --from %s"
                          + " --to KERNEL?")
                      .formatted(name, kind, Units.shellWord(name))))
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
  public OutgoingKernel outgoing(String name, @Nullable String writer) throws IOException {
    boolean running = name.equals(Invocation.RUNNING);
    OutgoingKernel outgoing =
        running
            ? new RunningHost(invocation).outgoing(kernel(name))
            : name.equals(NEXT) ? kernel(name) : kernelOrMemory(name);
    boolean image = !running && outgoing.content().flatMap(HandoverContent::integrity).isPresent();
    if (!image && ScratchOptions.isGiven(invocation)) {
      throw invocation.wrong(
          "--setup-data and --scratch-array need a memory image, but %s is a kernel"
              .formatted(name));
    }
    if (writer == null) {
      return outgoing;
    }
    if (!image) {
      throw invocation.wrong("--from-kernel needs a memory image, but " + name + " is a kernel");
    }
    return outgoing.writtenBy(onlyKernel(writer));
  }

  private OutgoingKernel kernelOrMemory(String name) throws IOException {
    Path path = Path.of(name);
    if (isPipeOrDevice(path)) {
      return onlyMemory(path);
    }
    if (ProfileFile.isOne(path)) {
      JsonFields document = JsonFields.read(path);
      if (InspectDocument.isOne(document)) {
        InspectDocument inspected = new InspectDocument(name, document);
        OutgoingKernel read = inspected.read();
        look.at(inspected);
        return read;
      }
      return ProfileFile.kernel(name, document);
    }
    // A zstd file is mostly memory. Either way, a second attempt unpacks it again.
    boolean memoryFirst = isZstd(path);
    try {
      return memoryFirst ? memory(path) : kernel(name);
    } catch (MalformedImageException first) {
      try {
        return memoryFirst ? kernel(name) : memory(path);
      } catch (MalformedImageException second) {
        MalformedImageException notAKernel = memoryFirst ? second : first;
        MalformedImageException notMemory = memoryFirst ? first : second;
        if (Objects.equals(notAKernel.getMessage(), notMemory.getMessage())) {
          throw second;
        }
        throw new MalformedImageException(
            notAKernel.getMessage() + "; nor is it a memory image: " + notMemory.getMessage());
      }
    }
  }

  private static boolean isPipeOrDevice(Path path) {
    return path.equals(Invocation.STANDARD_INPUT)
        || (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path));
  }

  /** Reads the handover in a pipe or a device, which is read once: it is no kernel, and no JSON. */
  private OutgoingKernel onlyMemory(Path path) throws IOException {
    try {
      return memory(path);
    } catch (MalformedImageException e) {
      throw new MalformedImageException(
          e.getMessage() + "; a kernel or a JSON document has to be a regular file");
    }
  }

  /** Reads the handover in a memory image. */
  OutgoingKernel memory(Path path) throws IOException {
    try (PhysicalMemory memory = invocation.open(path)) {
      return memory(path.toString(), memory);
    }
  }

  /**
   * Reads the handover in a memory.
   *
   * @param name the memory's name for people
   * @throws IOException if it has none, or none that is still to be taken
   */
  public OutgoingKernel memory(String name, PhysicalMemory memory) throws IOException {
    HandoverSearch search = HandoverSearch.withBootRecords(invocation, memory);
    search.noteRejected(invocation);
    if (search.handovers().isEmpty()) {
      throw new MalformedImageException(search.nothingFound());
    }
    Handover handover = search.choose(null, "--fdt");
    if (handover.taken().isPresent()) {
      throw new IOException(
          "%s: the handover at 0x%x hands nothing over, because a kernel has consumed it: %s"
              .formatted(name, handover.root().address(), handover.taken().get()));
    }
    Verifier.Options options =
        ScratchOptions.verifying(invocation, rule -> true, FINDINGS_PER_RULE);
    look.at(handover, options);
    return HandoverReader.read(handover, name, options);
  }

  private static boolean isZstd(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      Optional<Packing> packing = Packing.of(MemorySegment.ofArray(in.readNBytes(4)));
      return packing.filter(form -> form == Packing.ZSTD).isPresent();
    }
  }
}
