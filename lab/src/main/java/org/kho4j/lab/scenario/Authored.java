package org.kho4j.lab.scenario;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Boot;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Stage;
import org.kho4j.memory.Stitcher;
import org.kho4j.memory.WritableMemory;

/**
 * A handover that Java writes into the RAM file of a guest that is not started yet.
 *
 * <p>Only a window of the RAM is used, so that nothing lies where QEMU puts kernel, initrd and
 * device tree: those are below and above it. The window begins with the one scratch region.
 */
final class Authored implements AutoCloseable {

  /** The generation's release, which the kernel repeats. */
  static final String RELEASE = "kho4j-lab";

  private static final long MIB = 1L << 20;

  /** Offset in an x86-64 boot header of the address of the list of setup_data. */
  private static final int SETUP_DATA = 0x250;

  private final Run run;
  private final Machine machine;
  private final WritableMemory memory;
  private final Generation generation;
  private @Nullable BootData handedOver;

  private Authored(Run run, Machine machine, WritableMemory memory, AddressRange scratch)
      throws IOException {
    this.run = run;
    this.machine = machine;
    this.memory = memory;
    this.generation =
        Generation.first(
            memory,
            Setup.of(run.kernel().pageSize(), List.of(scratch), RELEASE)
                .withLayout(run.kernel().versions().kho())
                .scattered(run.told(7)));
  }

  /** Begins a handover for the run's kernel, in the version that it reads. */
  @SuppressWarnings("MustBeClosed")
  static Authored begin(Run run) throws IOException {
    // A scratch region is a multiple of the largest block: 4, 32 or 512 MiB.
    boolean large = run.kernel().pageSize().shift() == 16;
    long begin = (large ? 512 : 256) * MIB;
    long scratch = (large ? 512 : 256) * MIB;
    long end = (large ? 2816 : 960) * MIB;
    Machine machine = new Machine((large ? 3072 : 1024) * MIB, 1);
    long base = run.kernel().arch().ramBase();
    Path ram = run.directory().resolve(Guest.RAM);
    Files.deleteIfExists(ram);
    Arena arena = Arena.ofShared();
    try (FileChannel file =
        FileChannel.open(
            ram,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      file.write(java.nio.ByteBuffer.allocate(1), machine.memory() - 1);
      MemorySegment window = file.map(FileChannel.MapMode.READ_WRITE, begin, end - begin, arena);
      WritableMemory memory = WritableMemory.over(ram, window, base + begin, arena, Stitcher.NONE);
      return run.closing(
          new Authored(run, machine, memory, new AddressRange(base + begin, scratch)));
    }
  }

  /** Returns the generation that hands over. */
  Generation generation() {
    return generation;
  }

  /** The RAM, to be tampered with. */
  WritableMemory memory() {
    return memory;
  }

  /** Hands over: nothing is added any more. */
  BootData handOver() {
    BootData boot = generation.handOver();
    handedOver = boot;
    return boot;
  }

  /** Boots the first of the stages on what was handed over. */
  Guest boot(Stage... stages) throws IOException, InterruptedException {
    BootData boot = Objects.requireNonNull(handedOver, "not handed over");
    Stage first = stages[0];
    return first.kernel().arch() == Arch.X86_64
        ? run.boot(new Boot(machine, List.of(stages), pointingAt(boot, first), null))
        : run.boot(new Boot(machine, List.of(stages), null, tree(boot)));
  }

  /** A copy of the kernel whose header points at the boot record, which is written to memory. */
  private Path pointingAt(BootData boot, Stage stage) throws IOException {
    // Behind the scratch array, in the scratch region, as kexec has it.
    long record = boot.scratchAddress() + run.kernel().pageSize().bytes();
    boot.writeSetupData(memory, record);
    byte[] image = Files.readAllBytes(stage.kernel().image());
    MemorySegment.ofArray(image).set(StructureView.U64, SETUP_DATA, record);
    return Files.write(run.directory().resolve("kernel"), image);
  }

  /** The machine's device tree, with the boot record in it. */
  private Path tree(BootData boot) throws IOException, InterruptedException {
    Path own = machineTree(run, machine);
    MemorySegment tree = ChosenNode.addTo(MemorySegment.ofArray(Files.readAllBytes(own)), boot);
    return Files.write(run.directory().resolve("boot.dtb"), tree.toArray(ValueLayout.JAVA_BYTE));
  }

  /** The device tree that QEMU makes for an arm64 machine. */
  static Path machineTree(Run run, Machine machine) throws IOException {
    Path own = run.directory().resolve("machine.dtb");
    String memory = machine.memory() / MIB + "M";
    List<String> dumping = List.of("-machine", "virt,dumpdtb=" + own, "-cpu", "max", "-m", memory);
    List<String> command = new ArrayList<>(List.of("qemu-system-aarch64", "-display", "none"));
    command.addAll(dumping);
    run.program("dumpdtb", command);
    return own;
  }

  @Override
  public void close() {
    memory.close();
  }
}
