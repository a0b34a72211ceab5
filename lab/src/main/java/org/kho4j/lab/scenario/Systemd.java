package org.kho4j.lab.scenario;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Run;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The example warm-cache under a real systemd: restart, kill -9, stop and start, soft-reboot, a
 * kexec from the scenario's kernel to 7.3, and one from 7.3 to 7.3. The guest compares every entry
 * after each; at each jump, kho finds the unit, its store and every entry in the RAM.
 */
final class Systemd {

  private static final int ENTRIES = 2_000;
  private static final String UNIT = "warm-cache.service";

  private final Run run;
  private final Guest guest;

  private Systemd(Run run, Guest guest) {
    this.run = run;
    this.guest = guest;
  }

  static void run(Run run) throws Exception {
    new Systemd(run, GuestDisk.boot(run, ENTRIES, "")).go();
  }

  private void go() throws Exception {
    guest.await("lab: release " + Pattern.quote(GuestDisk.release(run)));
    for (String event : List.of("fill", "restart", "kill -9", "stop and start")) {
      same(event);
    }
    same("restart without FileDescriptorStorePreserve=yes");
    guest.await(
        "lab: after stop and start without FileDescriptorStorePreserve=yes: entry 1 is none");
    same("soft-reboot");
    for (String event : List.of("kexec", "kexec again")) {
      atTheJump(event);
      guest.await("lab: release 7\\.3");
      same(event);
    }
    guest.awaitEnd();
  }

  private void same(String event) throws InterruptedException {
    guest.await("lab: after %s: %d entries are the same".formatted(event, ENTRIES));
  }

  private void atTheJump(String event) throws Exception {
    guest.stopAtJump();
    String ram = run.ram().toString();
    JsonNode stores = json(List.of("warm", "list", ram, "--json")).path("stores");
    run.same("the number of stores at the jump, " + event, 1, stores.size());
    JsonNode store = stores.path(0);
    run.same("the unit", UNIT, store.path("unit").asString());
    run.same("the store", "warm-cache", store.path("name").asString());
    run.same("the state", "clean", store.path("state").asString());
    String name = store.path("fd").asString();
    JsonNode verified = json(List.of("verify", ram, "--json", "--severity", "error"));
    run.same("findings of kho verify", 0, verified.path("findings").size());
    Path region = run.directory().resolve("entries");
    List<String> extract = new ArrayList<>(List.of("extract", ram, "--unit", UNIT, "--fd", name));
    extract.addAll(List.of("--region", "entries", "-o", region.toString(), "--force"));
    KhoCommand.run(run, extract);
    entries(Files.readAllBytes(region));
    guest.leaveJump();
  }

  /** Slots of a key and a value; a key of 0 is a free slot. */
  private void entries(byte[] bytes) {
    MemorySegment slots = MemorySegment.ofArray(bytes);
    BitSet found = new BitSet();
    for (long slot = 0; slot < slots.byteSize(); slot += 16) {
      long key = slots.get(StructureView.U64, slot);
      if (key != 0) {
        run.same("entry " + key, key * key, slots.get(StructureView.U64, slot + 8));
        found.set((int) key);
      }
    }
    run.same("the number of entries in the RAM", ENTRIES, found.cardinality());
    run.same("the last entry in the RAM", ENTRIES + 1, found.length());
  }

  private JsonNode json(List<String> arguments) throws IOException, InterruptedException {
    return new JsonMapper().readTree(KhoCommand.run(run, arguments));
  }
}
