package org.kho4j.lab.scenario;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.khotest.Checksum;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import org.kho4j.lab.scenario.Files.File;

/** From Java to Linux: kernels are booted on handovers that no kernel wrote. */
final class Restored {

  static final String FOUND = "KHO: found kexec handover data";
  private static final String RESTORED = "test_kho: KHO restore succeeded";
  private static final long SEED = 900;
  private static final long RESERVED = 2 << 20;

  private Restored() {}

  /** Single pages, listed in one page. */
  static void pages(Run run) throws Exception {
    listed(run, List.of(0, 0, 0, 0, 0), 1, 0);
  }

  /** Hundreds of folios of all orders. */
  static void folios(Run run) throws Exception {
    List<Integer> orders = new ArrayList<>();
    int top = run.kernel().pageSize().shift() == 16 ? 11 : run.kernel().pageSize().shift() - 2;
    for (int order = top; order > 3; order--) {
      orders.add(order);
    }
    for (int i = 0; i < 600; i++) {
      orders.add(i % 4);
    }
    listed(run, orders, 2, 0);
  }

  /** An area of as many pages as one chunk lists: an empty chunk follows. */
  static void fullChunk(Run run) throws Exception {
    listed(run, List.of(0, 1, 2), capacity(run), 0);
  }

  /** An area whose pages take three chunks. */
  static void severalChunks(Run run) throws Exception {
    listed(run, List.of(3, 0), 2L * capacity(run) + 5, 0);
  }

  /** Areas of huge blocks. */
  static void hugeArea(Run run) throws Exception {
    // What the next level of the page tables maps: 2 or 32 MiB. With 64K pages that would be 512,
    // so
    // there it is what 32 entries in a row map: 2 MiB.
    int shift = run.kernel().pageSize().shift();
    int order = shift == 16 ? 5 : shift - 3;
    listed(run, List.of(order, 0), 3L << order, order);
  }

  private static int capacity(Run run) {
    return run.kernel().pageSize().bytes() / Long.BYTES - 1;
  }

  private static void listed(Run run, List<Integer> orders, long listPages, int listOrder)
      throws Exception {
    Authored authored = Authored.begin(run);
    List<Folio> folios = save(run, authored.generation(), orders, listPages, listOrder);
    authored.handOver();
    if (run.contradict()) {
      flipBit(authored.generation().segment(folios.getLast()));
    }
    Guest guest = authored.boot(new Stage(run.kernel(), "", new Script()));
    expectFound(guest, RESTORED);
    guest.awaitEnd();
  }

  private static List<Folio> save(
      Run run, Generation generation, List<Integer> orders, long listPages, int listOrder) {
    Checksum checksum = run.kernel().arch() == Arch.ARM64 ? Checksum.ARM64 : Checksum.X86_64;
    List<Folio> folios = new ArrayList<>();
    for (int order : orders) {
      Folio folio = generation.allocate(order);
      WordPattern.of(run).fill(generation.segment(folio), SEED + folios.size());
      folios.add(folio);
    }
    OwnedArea list = generation.vmalloc(listPages * generation.pageSize().bytes(), listOrder);
    KhoTestSaver.save(generation, folios, list, checksum);
    return folios;
  }

  static void flipBit(MemorySegment memory) {
    memory.set(ValueLayout.JAVA_BYTE, 0, (byte) (memory.get(ValueLayout.JAVA_BYTE, 0) ^ 1));
  }

  private static void expectFound(Guest guest, String said) throws InterruptedException {
    guest.await(FOUND);
    guest.await("KHO: exec from: %s \\(count 1\\)".formatted(Authored.RELEASE));
    guest.await(said);
  }

  /**
   * Puts the address of an unpreserved page into a chunk, which the kernel has to refuse. First
   * boots the same handover unchanged, so that the address is the reason of the refusal.
   */
  static void wrongChunk(Run run) throws Exception {
    try (Guest guest = bootOnList(run, false)) {
      expectFound(guest, RESTORED);
      guest.awaitEnd();
    }
    Guest guest = bootOnList(run, !run.contradict());
    expectFound(guest, "test_kho: KHO restore failed");
    guest.expectWarnings();
    guest.awaitEnd();
    run.check(guest.console().first(RESTORED) == null, "the kernel restored it all the same");
  }

  private static Guest bootOnList(Run run, boolean wrong) throws Exception {
    Authored authored = Authored.begin(run);
    Generation generation = authored.generation();
    save(run, generation, List.of(0, 2, 1), 20, 0);
    Folio stray = generation.allocate(0);
    BootData boot = authored.handOver();
    if (wrong) {
      KhoTest test = written(authored, boot).client(KhoTest.CLIENT).orElseThrow();
      long chunk = test.foliosInfo().descriptor().first();
      authored
          .memory()
          .writable(chunk, run.kernel().pageSize().bytes())
          .set(
              StructureView.U64,
              KhoVmallocChunk.STRUCTURE.headerSize() + 7L * Long.BYTES,
              stray.address());
    }
    return authored.boot(new Stage(run.kernel(), "", new Script()));
  }

  private static Handover written(Authored authored, BootData boot) {
    Handover handover = HandedOver.only(authored.memory());
    if (handover.root().address() != boot.fdtAddress()) {
      throw new IllegalStateException("another root FDT");
    }
    return handover;
  }

  /** Java, Linux, Linux: reservations and counts go all the way, sessions begin on it. */
  static void thereAndBack(Run run) throws Exception {
    Authored authored = Authored.begin(run);
    Generation generation = authored.generation();
    PageSize pageSize = generation.pageSize();
    Folio trace = generation.allocate(generation.orderFor(RESERVED));
    WordPattern.of(run).fill(generation.segment(trace).asSlice(0, RESERVED), run.told(SEED));
    ReserveMem reservation = new ReserveMem("trace", trace.address(), RESERVED);
    ReserveMemSaver.save(generation, List.of(reservation));
    run.check(pageSize.isAligned(reservation.start()), "the reservation is not whole pages");
    save(run, generation, List.of(0, 1, 0), 1, 0);
    authored.handOver();

    Files files =
        new Files(run, List.of(new File("back", 5, 3 << 20, 21), new File("back", 6, 12345, 22)));
    Script first = files.preserve(new Script());
    Script second = files.retrieve(new Script());
    second.line("await restored");
    String parameters = "reserve_mem=2M:65536:trace";
    Guest guest =
        authored.boot(
            new Stage(run.kernel(), parameters, first),
            new Stage(run.kernel(), parameters, second));
    String revived = "Revived memory reservation 'trace' from KHO";
    guest.await(FOUND);
    guest.await(revived);
    guest.await("KHO: exec from: %s \\(count 1\\)".formatted(Authored.RELEASE));
    guest.await(RESTORED);
    String release = guest.await("lab: release (.*)").group(1);

    guest.stopAtJump();
    Handover outgoing = HandedOver.withRole(run, Handovers.find(guest.memory()), Role.OUTGOING);
    run.same(
        "kexec-metadata",
        new Metadata(1, release, 2),
        outgoing.client(Metadata.CLIENT).orElseThrow());
    sameReservation(run, outgoing, reservation);
    files.verify(outgoing);
    guest.leaveJump();

    guest.await(FOUND);
    guest.await(revived);
    guest.await(
        "KHO: exec from: %s \\(count 2\\)".formatted(java.util.regex.Pattern.quote(release)));
    guest.awaitPoint("restored");
    Handover next = HandedOver.withRole(run, Handovers.find(guest.memory()), Role.OUTGOING);
    run.same(
        "kexec-metadata of the second kernel",
        new Metadata(1, release, 3),
        next.client(Metadata.CLIENT).orElseThrow());
    sameReservation(run, next, reservation);
    guest.proceed();
    guest.awaitEnd();
  }

  private static void sameReservation(Run run, Handover handover, ReserveMem reservation) {
    run.same("memblock", List.of(reservation), handover.client(ReserveMem.CLIENT).orElseThrow());
    HandedOver.sameContent(run, handover, reservation, SEED);
  }

  /**
   * Boots a kernel of another version of the contract, which reports the version and takes nothing.
   */
  static void refused(Run run) throws Exception {
    Authored authored = Authored.begin(run);
    save(run, authored.generation(), List.of(0), 1, 0);
    BootData boot = authored.handOver();
    if (run.contradict()) {
      MemorySegment page =
          authored.memory().writable(boot.fdtAddress(), run.kernel().pageSize().bytes());
      for (long at = 0; at < page.byteSize() - 8; at++) {
        if (page.get(ValueLayout.JAVA_BYTE, at) == 'k' && page.getString(at).equals("kho-v4")) {
          page.set(ValueLayout.JAVA_BYTE, at + 5, (byte) '5');
        }
      }
    }
    Guest guest = authored.boot(new Stage(run.kernel(), "", new Script()));
    guest.await("KHO: setup: handover FDT .* is incompatible with 'kho-v5'");
    guest.await("KHO: disabling KHO revival");
    guest.awaitEnd();
    run.check(guest.console().first(RESTORED) == null, "the kernel restored it all the same");
  }
}
