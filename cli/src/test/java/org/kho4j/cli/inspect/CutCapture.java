package org.kho4j.cli.inspect;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.cli.captures.RecordingMemory;
import org.kho4j.cli.output.Json;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.verify.Verifier;

/**
 * Cuts a capture down to what belongs to its handovers: an ELF core of the pages that an inspection
 * reads and of every block that an intact map preserves. How to run it: README.md beside the
 * captures.
 */
public final class CutCapture {

  private CutCapture() {}

  /** Reads the memory image that the first argument names, and writes the second. */
  public static void main(String[] args) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(Path.of(args[0]))) {
      RecordingMemory recording = new RecordingMemory(memory);
      inspect(recording, RootSearch.search(memory, bytes -> {}).roots(), true);
      List<CoreFile.Run> runs = runs(recording);
      CoreFile.write(Path.of(args[1]), memory, runs, new byte[0]);
      System.out.println(runs.size() + " runs, " + recording.grains().size() * 4 + " KiB");
    }
  }

  /**
   * Inspects handovers whose roots are known, so that only what belongs to them is read.
   *
   * @param content whether to read the preserved blocks too
   */
  static void inspect(RecordingMemory memory, List<RootFdt> roots, boolean content)
      throws IOException {
    for (RootFdt root : roots) {
      RootSearch.at(memory, root.address());
    }
    List<Handover> handovers = Handovers.of(memory, roots, null);
    try (Json json = new Json(OutputStream.nullOutputStream())) {
      InspectCommand.show(
          memory,
          handovers,
          handovers.getFirst().pageSize().bytes(),
          Verifier.Options.ALL,
          true,
          new JsonView(json));
    }
    for (Handover handover : handovers) {
      if (content && handover.hasMap()) {
        handover
            .preservedMap()
            .forEachRun((order, address, bytes) -> {
              for (long at = 0; at < bytes; at += RecordingMemory.GRAIN) {
                memory.read(address + at, RecordingMemory.GRAIN);
              }
            });
      }
    }
  }

  private static List<CoreFile.Run> runs(RecordingMemory memory) {
    List<CoreFile.Run> runs = new ArrayList<>();
    for (long grain : memory.grains()) {
      CoreFile.Run last = runs.isEmpty() ? null : runs.getLast();
      if (last != null && last.address() + last.length() == grain) {
        runs.removeLast();
        runs.add(new CoreFile.Run(last.address(), last.length() + RecordingMemory.GRAIN));
      } else {
        runs.add(new CoreFile.Run(grain, RecordingMemory.GRAIN));
      }
    }
    return runs;
  }
}
