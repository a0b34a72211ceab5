package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.kho4j.handover.Handover;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.memfd.Memfd;
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

  private static final String LUO = "luo.jsonc";

  /** The file of that example that is checked whole, by its token: size and seed as there. */
  private static final String WHOLE_FILE = "0x102 123457 3 1 0";

  private Examples() {}

  static void author(Run run) throws Exception {
    for (String spec : specs(run)) {
      boolean luo = spec.equals(LUO);
      Path ram = run.directory().resolve(Guest.RAM);
      Files.deleteIfExists(ram);
      Path file = run.lab().resolveSibling("examples/author/" + spec);
      try (Guest guest = boot(run, file, ram, luo ? retrieving() : new Script())) {
        guest.await("KHO: found kexec handover data");
        guest.await(luo ? "lab: retrieved" : "test_kho: KHO restore succeeded");
        guest.awaitEnd();
      }
    }
  }

  private static Script retrieving() {
    return new Script()
        .line("retrieve vm")
        .line("check %s", WHOLE_FILE)
        .line("check 0x103 0 0 1 0")
        .line("finish")
        .line("say retrieved");
  }

  /** The examples for the run's kernel that it says something about. */
  private static List<String> specs(Run run) {
    return switch (run.kernel().pageSize()) {
      case SIZE_4K ->
          List.of(
              "kho-test.jsonc",
              "kho-test-chunks.jsonc",
              "kho-test-huge.jsonc",
              "kho-test-many.jsonc",
              LUO);
      case SIZE_16K -> List.of("arm64-16k.jsonc");
      case SIZE_64K -> List.of("arm64-64k.jsonc");
    };
  }

  private static Guest boot(Run run, Path spec, Path ram, Script script)
      throws IOException, InterruptedException {
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
    Stage stage = new Stage(run.kernel(), "", script);
    return run.boot(new Boot(machine, List.of(stage), x86 ? image : null, x86 ? null : tree));
  }

  private static void flipBitOfData(Run run, Path ram) throws IOException {
    try (WritableMemory memory = WritableMemory.open(ram, run.kernel().arch().ramBase())) {
      AtomicLong folio = new AtomicLong();
      Handover handover = Handed.only(memory);
      handover
          .client(KhoTest.CLIENT)
          .ifPresent(test -> test.forEachFolio((address, order) -> folio.set(address)));
      handover
          .client(LiveUpdate.CLIENT)
          .flatMap(luo -> luo.session("vm"))
          .flatMap(session -> session.file(0x102))
          .flatMap(file -> file.as(Memfd.HANDLER))
          .ifPresent(memfd -> memfd.forEachFolio((address, index, flags) -> folio.set(address)));
      Restored.flipBit(memory.writable(folio.get(), 1));
    }
  }
}
