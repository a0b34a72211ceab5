package org.kho4j.lab.agreement;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.kho4j.abi.SetupData;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Snapshot;
import org.kho4j.lab.guest.Stage;
import org.kho4j.lab.scenario.Files;
import org.kho4j.lab.scenario.Files.File;
import org.kho4j.lab.scenario.HandedOver;
import org.kho4j.lab.scenario.WordPattern;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;

/**
 * A sound handover of a real kernel, at the first instruction of the next one: there it is changed
 * in one place, and resumed, many times.
 */
record Base(Snapshot snapshot, OptionalLong bootRecord) {

  private static final String PARAMETERS =
      "test_kho.max_mem=262144 transparent_hugepage_shmem=within_size"
          + " reserve_mem=1M:65536:trace reserve_mem=256K:65536:spare reserve_mem=64K:65536:small";

  /** So that the next kernel does the same every time, and says what stops it early. */
  private static final String NEXT = " nokaslr earlycon=";

  private static final String BOOT_PARAMS =
      "Loaded boot_param, command line and misc at 0x(\\p{XDigit}+)";
  private static final int FIRST_SETUP_DATA = 0x250;

  private static final long SEED = 500;
  private static final int FILLERS = 60;

  /** Bytes that the guest keeps free when it overwrites its free memory. */
  private static final long SPARE = 32 << 20;

  /** Boots a guest that hands over, and writes it down where the next kernel begins. */
  static Base make(Run run) throws Exception {
    Kernel kernel = run.kernel();
    Files files = new Files(run, files());
    Script first = new Script();
    for (String name : empty()) {
      first.line("session %s", name);
    }
    files.preserve(first);
    Script second = new Script().line("survey").line("fill %d", SPARE);
    for (String name : empty()) {
      second.line("retrieve %s", name).line("finish");
    }
    files.retrieve(second);
    second.line("await surveyed");
    Guest guest =
        run.boot(
            machine(kernel),
            new Stage(kernel, PARAMETERS, first),
            new Stage(kernel, PARAMETERS + NEXT + kernel.arch().earlyConsole(), second));
    guest.stopAtJump();
    try (WritableMemory ram = WritableMemory.open(run.ram(), kernel.arch().ramBase())) {
      for (ReserveMem reservation : HandedOver.only(ram).client(ReserveMem.CLIENT).orElseThrow()) {
        WordPattern.of(run)
            .fill(ram.writable(reservation.start(), reservation.size()), reservation.start());
      }
    }
    guest.stopAtEntry();
    OptionalLong record =
        kernel.arch() == Arch.X86_64
            ? OptionalLong.of(bootRecord(guest.memory(), guest.told(BOOT_PARAMS)))
            : OptionalLong.empty();
    return new Base(guest.save(), record);
  }

  /** As little memory as will do: the guest overwrites what is free of it each time. */
  private static Machine machine(Kernel kernel) {
    return kernel.arch() == Arch.X86_64 ? new Machine(256 << 20, 1) : Machine.small(kernel);
  }

  private static long bootRecord(PhysicalMemory memory, long bootParams) {
    long at = bootParams + FIRST_SETUP_DATA;
    do {
      at = memory.read(at, Long.BYTES).get(StructureView.U64, 0);
      if (at == 0) {
        throw new LabFailure("the next kernel gets no boot record of KHO");
      }
    } while (new StructureView(SetupData.STRUCTURE, at, memory.read(at, 16)).get(SetupData.TYPE)
        != SetupData.TYPE_KEXEC_KHO);
    return at;
  }

  private static List<String> empty() {
    return IntStream.range(0, FILLERS).mapToObj("empty-%02d"::formatted).toList();
  }

  private static List<File> files() {
    List<File> files = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      files.add(new File("single-" + i, 0x100 + i, 4096, SEED + i));
    }
    for (int i = 0; i < 4; i++) {
      files.add(new File("pair-" + i, 0x200 + i, 4096, SEED + 10 + i));
      files.add(new File("pair-" + i, 0x300 + i, 4096, SEED + 20 + i));
    }
    for (int i = 0; i < 70; i++) {
      files.add(new File("many", i, 4096, SEED + 100 + i));
    }
    files.add(new File("large", 1, 3 << 20, SEED + 30, 1, 0xf));
    files.add(new File("large", 2, (2 << 20) - 1000, SEED + 31, 3, 0));
    files.add(new File("large", 3, 4 << 20, SEED + 32));
    files.add(new File("large", 4, 0, SEED + 33));
    return files;
  }
}
