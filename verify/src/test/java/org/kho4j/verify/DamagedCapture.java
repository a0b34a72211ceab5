package org.kho4j.verify;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.kho4j.damage.GuestMemory;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.verify.result.Finding;

/**
 * A small capture of Linux 7.3.4 on x86-64, or a vector of an older version, changed and verified.
 */
record DamagedCapture(PhysicalMemory memory, List<RootFdt> roots, boolean atTheJump) {

  private static final Map<String, DamagedCapture> OPEN = new ConcurrentHashMap<>();

  static DamagedCapture of(String name) {
    return OPEN.computeIfAbsent(name, DamagedCapture::open);
  }

  private static DamagedCapture open(String name) {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(project.resolve("examples"))) {
      project = project.getParent();
    }
    String file = "linux-7.3.4-" + name + ".ram.zst";
    Path path = project.resolve("examples").resolve(file);
    if (!Files.exists(path)) {
      path = project.resolve("cli/src/test/resources/org/kho4j/cli/captures").resolve(file);
    }
    Path vector = project.resolve("vectors/handover/" + name + ".elf.zst");
    if (Files.exists(vector)) {
      path = vector;
    }
    try {
      PhysicalMemory memory = MemoryImages.open(path);
      List<RootFdt> roots = RootSearch.search(memory, bytes -> {}).roots();
      return new DamagedCapture(memory, roots, name.contains("jump"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the rules find after a change; the root FDTs are where they were. */
  List<Finding> findings(Consumer<GuestMemory> change) {
    Handover sound = Handovers.of(memory, roots, null).getLast();
    GuestMemory guest =
        atTheJump ? GuestMemory.atTheJump(memory, sound) : GuestMemory.running(memory, sound);
    change.accept(guest);
    List<Finding> findings = new ArrayList<>();
    List<RootFdt> now = new ArrayList<>();
    for (RootFdt root : roots) {
      try {
        now.add(RootSearch.at(guest.memory(), root.address()));
      } catch (HandoverException e) {
        findings.add(Verifier.unreadable(e));
      }
    }
    Verifier.verify(
        Handovers.of(guest.memory(), now, sound.pageSize()),
        new Verifier.Options(
            rule -> true, 20, guest.bootRecord(), Optional.empty(), guest.nodes(), false),
        findings::add);
    return findings;
  }
}
