package org.kho4j.handover.generation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.map.MapWriter;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;

/**
 * Makes a kernel's handover again, at the kernel's addresses and in the kernel's order, out of what
 * the readers say about it. Only the data are copied: what the folios hold.
 */
final class KernelReplay {

  /** What every page holds before the engine writes it: a page that it fails to clear shows. */
  private static final byte OLD = (byte) 0xa5;

  final PhysicalMemory kernels;
  final Handover handover;
  final WritableMemory memory;

  /** Pages that the engine wrote, with their paths. */
  final Map<Long, String> written = new TreeMap<>();

  /** Blocks whose content was copied. */
  final Map<Long, Integer> copied = new TreeMap<>();

  /** Addresses of the map's pages below which nothing is preserved, with their paths. */
  final Map<Long, String> emptyNodes = new TreeMap<>();

  private final PageSize pageSize;
  private final long scratchArray;
  private final Map<String, Long> places = new HashMap<>();
  private final Map<Long, Integer> blocks = new TreeMap<>();
  private Generation generation;

  private record Node(long address, int level, long key) {}

  private KernelReplay(PhysicalMemory kernels, Path ram, long scratchArray) throws IOException {
    this.kernels = kernels;
    this.handover = Handovers.find(kernels).getFirst();
    this.pageSize = handover.pageSize();
    this.scratchArray = scratchArray;
    List<AddressRange> ranges = new ArrayList<>();
    kernels.forEachRange((address, length) -> ranges.add(new AddressRange(address, length)));
    // Dumps of QEMU have the firmware's flash as well.
    AddressRange guest =
        ranges.stream().max(Comparator.comparingLong(AddressRange::length)).orElseThrow();
    this.memory = WritableMemory.create(ram, guest.address(), guest.length());
  }

  /**
   * Replays.
   *
   * @param ram the file to write to
   * @param scratch the kernel's scratch regions
   * @param scratchArray where the kernel puts the array of them
   */
  static KernelReplay of(
      PhysicalMemory kernels, Path ram, List<AddressRange> scratch, long scratchArray)
      throws IOException {
    KernelReplay replay = new KernelReplay(kernels, ram, scratchArray);
    replay.readPlaces();
    replay.replay(scratch);
    return replay;
  }

  /** The order of the block that a page that was written is the first of. */
  int order(long address) {
    return blocks.getOrDefault(address, 0);
  }

  BootData handOver() {
    return generation.handOver();
  }

  private void readPlaces() {
    handover
        .preservedMap()
        .forEachRun((order, address, bytes) -> {
          for (long block = 0; block < bytes; block += pageSize.blockBytes(order)) {
            blocks.put(address + block, order);
          }
        });
    place("/", handover.root().address());
    places.put("/scratch", scratchArray);
    for (String blob : List.of(KexecMetadata.SUBTREE, "kho_test", "memblock")) {
      place("/" + blob, handover.subtree(blob).orElseThrow().address());
    }
    List<Node> nodes = new ArrayList<>();
    handover
        .preservedMap()
        .forEachNode((address, level, key) -> nodes.add(new Node(address, level, key)));
    for (Node node : nodes) {
      String path =
          node.address == handover.preservedMap().root()
              ? MapWriter.PATH
              : MapWriter.nodePath(node.level, node.key);
      if (blocks.entrySet().stream().noneMatch(block -> isBelow(node, block))) {
        emptyNodes.put(node.address, path);
      }
      place(path, node.address);
    }
    placeArea("/kho_test/folios_info", handover.client(KhoTest.CLIENT).orElseThrow().foliosInfo());
    handover.subtree(LuoSer.SUBTREE).ifPresent(this::readLuoPlaces);
  }

  private void readLuoPlaces(Subtree luo) {
    LuoHead head = LuoHead.read(handover.memory(), luo);
    place("/LUO", luo.address());
    place("/LUO/flbs", head.flbs());
    placeBlocks("/LUO/sessions", head.sessions());
    handover
        .client(LiveUpdate.CLIENT)
        .orElseThrow()
        .sessions()
        .forEach(session -> {
          long files = kernels.read(session.address() + 64, 8).get(StructureView.U64, 0);
          placeBlocks(session.where() + "/files", files);
          session
              .files()
              .forEach(file -> {
                place(file.where().toString(), file.data());
                placeArea(
                    file.where() + "/folios", file.as(Memfd.HANDLER).orElseThrow().foliosInfo());
              });
        });
  }

  private void placeBlocks(String path, long first) {
    int number = 0;
    for (long block = first; block != 0; block = kernels.read(block, 8).get(StructureView.U64, 0)) {
      place(path + "/block " + number++, block);
    }
  }

  private boolean isBelow(Node node, Map.Entry<Long, Integer> block) {
    long key = KhoRadix.key(pageSize, block.getKey(), block.getValue());
    int shift = KhoRadix.levelShift(pageSize, node.level + 1);
    return key >>> shift == node.key >>> shift;
  }

  private void placeArea(String path, PreservedArea area) {
    int[] count = new int[2];
    area.forEachRun(
        (order, address, bytes) -> {
          for (long block = 0; block < bytes; block += pageSize.blockBytes(order)) {
            place(path + "/block " + count[1]++, address + block);
          }
        },
        chunk -> place(path + "/chunk " + count[0]++, chunk));
  }

  private void place(String path, long address) {
    places.put(path, address);
    written.put(address, path);
    memory.writable(address, pageSize.blockBytes(order(address))).fill(OLD);
  }

  /** Memfds are preserved when they are handed to a session, all the rest at the jump. */
  private void replayLuo(LiveUpdate luo) {
    List<LiveUpdateSaver.SavedSession> sessions = new ArrayList<>();
    luo.sessions()
        .forEach(session -> {
          List<LiveUpdateSaver.SavedFile> files = new ArrayList<>();
          session.files().forEach(file -> files.add(replayMemfd(session.name(), file)));
          sessions.add(new LiveUpdateSaver.SavedSession(session.name(), files));
        });
    LiveUpdateSaver.save(generation, luo.version(), luo.number(), sessions, luo.flbs());
  }

  private LiveUpdateSaver.SavedFile replayMemfd(String session, PreservedFile file) {
    Memfd memfd = file.as(Memfd.HANDLER).orElseThrow();
    List<MemfdSaver.Piece> pieces = new ArrayList<>();
    memfd.forEachFolio((address, index, flags) ->
        pieces.add(new MemfdSaver.Piece(copy(address, order(address)), index, flags)));
    return MemfdSaver.save(
        generation,
        MemfdVersion.of(file.compatible()).orElseThrow(),
        session,
        file.token(),
        new MemfdSaver.SavedMemfd(
            memfd.size(), memfd.position(), (int) memfd.seals().orElse(0), pieces));
  }

  private void replay(List<AddressRange> scratch) {
    String release = handover.client(Metadata.CLIENT).orElseThrow().previousRelease();
    generation =
        Generation.first(
            memory,
            Setup.of(pageSize, scratch, release)
                .withPlacement(path -> {
                  Long address = places.get(path);
                  if (address == null) {
                    throw new AssertionError("the kernel has no page for " + path);
                  }
                  return OptionalLong.of(address);
                }));
    handover
        .preservedMap()
        .forEachNode((address, level, key) -> {
          if (level == 0 && emptyNodes.containsKey(address)) {
            preserveForAWhile(key);
          }
        });
    List<Folio> folios = new ArrayList<>();
    handover
        .client(KhoTest.CLIENT)
        .orElseThrow()
        .forEachFolio((address, order) -> folios.add(copy(address, order)));
    KhoTestSaver.save(generation, folios);
    handover.client(LiveUpdate.CLIENT).ifPresent(this::replayLuo);
    List<ReserveMem> reservations = handover.client(ReserveMem.CLIENT).orElseThrow();
    for (ReserveMem reservation : reservations) {
      copy(reservation.start(), blocks.get(reservation.start()));
    }
    ReserveMemSaver.save(generation, reservations);
    blocks.forEach((address, order) -> {
      if (!copied.containsKey(address) && !written.containsKey(address)) {
        generation.preserve(copy(address, order));
      }
    });
  }

  /** A leaf without keys had one once: one that fits into memory, wherever it was. */
  private void preserveForAWhile(long firstKey) {
    for (long key = Math.max(firstKey, 1); ; key++) {
      Folio folio = new Folio(KhoRadix.address(pageSize, key), KhoRadix.order(pageSize, key));
      try {
        generation.preserve(folio);
        generation.unpreserve(folio);
        return;
      } catch (PreservationException e) {
        if (key - firstKey >= 1L << KhoRadix.leafBits(pageSize)) {
          throw new AssertionError("no key of the leaf 0x%x can be".formatted(firstKey), e);
        }
      }
    }
  }

  private Folio copy(long address, int order) {
    copied.put(address, order);
    Folio folio = generation.allocateAt(address, order);
    generation.segment(folio).copyFrom(kernels.read(address, pageSize.blockBytes(order)));
    return folio;
  }
}
