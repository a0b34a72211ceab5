package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Boot;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import org.kho4j.memory.WritableMemory;

/** The specs of {@code examples/author}, written by {@code kho author}, and booted. */
final class Examples {

  private static final long GIB = 1L << 30;

  private Examples() {}

  static void author(Run run) throws Exception {
    for (String spec : specs(run)) {
      Path ram = run.directory().resolve(Guest.RAM);
      Files.deleteIfExists(ram);
      try (Guest guest = boot(run, run.lab().resolveSibling("examples/author/" + spec), ram)) {
        guest.await("KHO: found kexec handover data");
        guest.await("test_kho: KHO restore succeeded");
        guest.awaitEnd();
      }
    }
  }

  /** The examples with test_kho's data that are for the run's kernel. */
  private static List<String> specs(Run run) {
    return switch (run.kernel().pageSize()) {
      case SIZE_4K ->
          List.of(
              "kho-test.jsonc",
              "kho-test-chunks.jsonc",
              "kho-test-huge.jsonc",
              "kho-test-many.jsonc");
      case SIZE_16K -> List.of("arm64-16k.jsonc");
      case SIZE_64K -> List.of("arm64-64k.jsonc");
    };
  }

  private static Guest boot(Run run, Path spec, Path ram) throws IOException, InterruptedException {
    boolean x86 = run.kernel().arch() == Arch.X86_64;
    Machine machine = new Machine(run.kernel().pageSize().shift() == 16 ? 2 * GIB : GIB, 1);
    Path image = run.directory().resolve("kernel");
    Path tree = run.directory().resolve("boot.dtb");
    List<String> arguments =
        new ArrayList<>(List.of("author", spec.toString(), "-o", ram.toString(), "--force"));
    if (x86) {
      arguments.addAll(List.of("--boot-image", run.kernel().image().toString()));
      arguments.addAll(List.of("--boot-image-out", image.toString()));
    } else {
      Path own = Authored.machineTree(run, machine);
      arguments.addAll(List.of("--dtb", own.toString(), "--dtb-out", tree.toString()));
    }
    KhoCommand.run(run, arguments);
    if (run.contradict()) {
      flipBitOfData(run, ram);
    }
    Stage stage = new Stage(run.kernel(), "", new Script());
    return run.boot(new Boot(machine, List.of(stage), x86 ? image : null, x86 ? null : tree));
  }

  private static void flipBitOfData(Run run, Path ram) throws IOException {
    try (WritableMemory memory = WritableMemory.open(ram, run.kernel().arch().ramBase())) {
      AtomicLong folio = new AtomicLong();
      Handed.only(memory)
          .client(KhoTest.CLIENT)
          .orElseThrow()
          .forEachFolio((address, order) -> folio.set(address));
      Restored.flipBit(memory.writable(folio.get(), 1));
    }
  }
}
