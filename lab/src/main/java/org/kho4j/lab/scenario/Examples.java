package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.kho4j.abi.KhoLayout;
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
      Path ram = run.directory().resolve(Guest.RAM);
      Files.deleteIfExists(ram);
      List<String> arguments = author(spoken(run, spec), ram);
      arguments.addAll(bootFiles(run));
      KhoCommand.run(run, arguments);
      boot(run, spec, ram);
    }
  }

  /** Authored in the newest form, converted to that of 7.1, and from there to the kernel's own. */
  static void convert(Run run) throws Exception {
    Path first = run.directory().resolve("first.ram");
    Path old = run.directory().resolve("old.ram");
    Path ram = run.directory().resolve(Guest.RAM);
    for (Path file : List.of(first, old, ram)) {
      Files.deleteIfExists(file);
    }
    String spec = specs(run).getLast();
    KhoCommand.run(run, author(example(run, spec), first));
    KhoCommand.run(run, convert(run, first, "7.1", old));
    List<String> own = convert(run, old, run.kernel().versions().kho().id(), ram);
    own.addAll(bootFiles(run));
    KhoCommand.run(run, own);
    boot(run, spec, ram);
  }

  private static List<String> author(Path spec, Path ram) {
    return new ArrayList<>(List.of("author", spec.toString(), "-o", ram.toString(), "--force"));
  }

  private static Path example(Run run, String spec) {
    return run.lab().resolveSibling("examples/author/" + spec);
  }

  /** The example; for a kernel that reads an older version, a copy that names that version. */
  private static Path spoken(Run run, String spec) throws IOException {
    KhoLayout layout = run.kernel().versions().kho();
    Path example = example(run, spec);
    return layout.equals(KhoLayout.newest())
        ? example
        : Files.writeString(
            run.directory().resolve(spec),
            Files.readString(example)
                .replaceFirst("(?m)^\\{", "{ \"abi\": \"%s\",".formatted(layout.id())));
  }

  private static List<String> convert(Run run, Path source, String version, Path ram) {
    String base = "0x%x".formatted(run.kernel().arch().ramBase());
    String pageSize = run.kernel().pageSize().label();
    return new ArrayList<>(
        List.of(
            "convert",
            source.toString(),
            "--abi",
            version,
            "-o",
            ram.toString(),
            "--base",
            base,
            "--page-size",
            pageSize));
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

  /** The options by which the kernel, or the machine's tree, gets the boot record. */
  private static List<String> bootFiles(Run run) throws IOException, InterruptedException {
    if (run.kernel().arch() == Arch.X86_64) {
      return List.of(
          "--boot-image",
          run.kernel().image().toString(),
          "--boot-image-out",
          image(run).toString());
    }
    Path own = Authored.machineTree(run, machine(run));
    return List.of("--dtb", own.toString(), "--dtb-out", tree(run).toString());
  }

  private static Machine machine(Run run) {
    return new Machine(run.kernel().pageSize().shift() == 16 ? 2 * GIB : GIB, 1);
  }

  private static Path image(Run run) {
    return run.directory().resolve("kernel");
  }

  private static Path tree(Run run) {
    return run.directory().resolve("boot.dtb");
  }

  /** Boots on the RAM file, and waits until the guest has found what the spec hands over. */
  private static void boot(Run run, String spec, Path ram) throws Exception {
    if (run.contradict()) {
      flipBitOfData(run, ram);
    }
    boolean luo = spec.equals(LUO);
    boolean x86 = run.kernel().arch() == Arch.X86_64;
    Stage stage = new Stage(run.kernel(), "", luo ? retrieving() : new Script());
    Boot boot =
        new Boot(machine(run), List.of(stage), x86 ? image(run) : null, x86 ? null : tree(run));
    try (Guest guest = run.boot(boot)) {
      guest.await("KHO: found kexec handover data");
      guest.await(luo ? "lab: retrieved" : "test_kho: KHO restore succeeded");
      guest.awaitEnd();
    }
  }

  private static void flipBitOfData(Run run, Path ram) throws IOException {
    try (WritableMemory memory = WritableMemory.open(ram, run.kernel().arch().ramBase())) {
      AtomicLong folio = new AtomicLong();
      Handover handover = HandedOver.only(memory);
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
