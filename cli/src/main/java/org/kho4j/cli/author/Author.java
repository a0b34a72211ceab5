package org.kho4j.cli.author;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.SetupData;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.author.Spec.PreservedRun;
import org.kho4j.cli.author.Spec.Range;
import org.kho4j.cli.author.SubtreeSpec.AreaSpec;
import org.kho4j.cli.author.SubtreeSpec.Blob;
import org.kho4j.cli.author.SubtreeSpec.KhoTestFolios;
import org.kho4j.cli.author.SubtreeSpec.Reservation;
import org.kho4j.cli.author.SubtreeSpec.Reservations;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.khotest.Checksum;
import org.kho4j.handover.khotest.KhoTestSaver;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/** Writes the handover that a spec describes into memory that is all zeros. */
final class Author {

  /**
   * The written image.
   *
   * @param boot the boot data that the next kernel needs
   * @param setupData address of the boot record, on x86-64
   */
  record AuthoredBoot(BootData boot, OptionalLong setupData) {}

  private final Spec spec;
  private final Layout layout;
  private final WritableMemory memory;
  private final Generation generation;

  private Author(Spec spec, Layout layout, WritableMemory memory) {
    this.spec = spec;
    this.layout = layout;
    this.memory = memory;
    Setup setup =
        Setup.of(
                spec.pageSize(),
                spec.scratch().stream().map(Range::range).toList(),
                spec.previousRelease())
            .withLayout(spec.layout())
            .withNodes(spec.nodes().stream().map(Range::range).toList())
            .withPlacement(layout)
            .withKexecCount(spec.kexecCount());
    this.generation = spec.memory().attempt(() -> Generation.first(memory, setup));
  }

  /**
   * Writes it.
   *
   * @param memory as large as the spec says
   * @throws SpecException if the spec asks for what cannot be
   * @throws IOException if a file that it names cannot be read
   */
  static AuthoredBoot write(Spec spec, Layout layout, WritableMemory memory) throws IOException {
    try {
      return new Author(spec, layout, memory).write();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private AuthoredBoot write() throws IOException {
    for (SubtreeSpec subtree : spec.subtrees()) {
      switch (subtree) {
        case KhoTestFolios test -> khoTest(test);
        case Reservations reservations -> reservations(reservations);
        case Blob blob -> blob(blob);
        case LuoSpec luo -> LuoAuthor.write(luo, generation, layout);
      }
    }
    for (PreservedRun run : spec.preserved()) {
      own(run.place(), run.range());
      run.attempt(() -> generation.preservePages(run.range().address(), run.range().length()));
      fill(run.content(), memory.writable(run.range().address(), run.range().length()));
    }
    BootData boot = spec.scratch().getFirst().attempt(generation::handOver);
    layout.list(Layout.SCRATCH, boot.scratchAddress());
    OptionalLong setupData =
        spec.arch() == Arch.X86_64 ? OptionalLong.of(setupData(boot)) : OptionalLong.empty();
    layout.requireAllUsed();
    return new AuthoredBoot(boot, setupData);
  }

  private void khoTest(KhoTestFolios test) throws IOException {
    // What needs a large block comes first: scattered folios leave no room for it.
    layout.prepare("/" + test.name());
    String listPath = "/" + test.name() + "/folios_info";
    OwnedArea list =
        test.attempt(() -> generation.vmallocZeroed(listPath, test.listBytes(), test.listOrder()))
            .withFlags(test.listFlags());
    List<Folio> folios = allocate(test);
    try (Fill.Filler filler = new Fill.Seeded(test.seed()).open()) {
      folios.forEach(folio -> filler.fill(generation.segment(folio)));
    }
    test.attempt(() -> KhoTestSaver.save(generation, folios, list, checksum()));
  }

  private Checksum checksum() {
    return switch (spec.arch()) {
      case X86_64 -> Checksum.X86_64;
      case ARM64 -> Checksum.ARM64;
    };
  }

  /** Allocates the folios, the largest first. */
  private List<Folio> allocate(KhoTestFolios test) {
    Folio[] folios = new Folio[test.orders().size()];
    for (int order = PageAllocator.MAX_ORDER; order >= 0; order--) {
      for (int i = 0; i < folios.length; i++) {
        if (test.orders().get(i) == order) {
          String path = "/" + test.name() + "/folio " + i;
          int itsOrder = order;
          folios[i] = test.attempt(() -> generation.allocateZeroed(path, itsOrder));
        }
      }
    }
    return List.of(folios);
  }

  private void reservations(Reservations reservations) throws IOException {
    List<ReserveMem> list = new ArrayList<>();
    for (Reservation reservation : reservations.list()) {
      AddressRange range =
          reservation.address().isPresent()
              ? new AddressRange(reservation.address().getAsLong(), reservation.size())
              : layout.take(reservation.place(), reservation.size(), reservation.align());
      own(reservation.place(), range);
      fill(reservation.content(), memory.writable(range.address(), range.length()));
      list.add(new ReserveMem(reservation.name(), range.address(), range.length()));
    }
    reservations.attempt(() -> ReserveMemSaver.save(generation, list));
  }

  private void blob(Blob blob) throws IOException {
    Folio folio = blob.attempt(() -> generation.addBlob(blob.name(), blob.size()));
    MemorySegment bytes = generation.segment(folio).asSlice(0, blob.size());
    fill(blob.content(), bytes);
    for (int i = 0; i < blob.areas().size(); i++) {
      AreaSpec area = blob.areas().get(i);
      area("/" + blob.name() + "/area " + i, area)
          .writeTo(bytes.asSlice(area.offset(), KhoVmalloc.STRUCTURE.headerSize()));
    }
    KhoVersion version = spec.layout().version();
    if (version.sizeProperty() == null && !Fdt.isMagic(bytes)) {
      throw blob.broken(
          "the blob is not a device tree, and %s stores no other size of a blob", version);
    }
  }

  private Descriptor area(String path, AreaSpec spec) throws IOException {
    OwnedArea area =
        spec.attempt(() -> generation.vmallocZeroed(path, spec.bytes(), spec.order()))
            .withFlags(spec.flags());
    Descriptor descriptor = spec.attempt(() -> generation.preserve(path, area));
    Runs runs = area.runs();
    try (Fill.Filler filler = spec.content().open()) {
      for (int run = 0; run < runs.count(); run++) {
        filler.fill(memory.writable(runs.address(run), runs.length(run)));
      }
    }
    return descriptor;
  }

  private static void fill(Fill content, MemorySegment target) throws IOException {
    try (Fill.Filler filler = content.open()) {
      filler.fill(target);
    }
  }

  /** Takes whole pages that no other structure has. */
  private void own(SpecPlace place, AddressRange range) {
    PageSize pageSize = spec.pageSize();
    for (long at = range.address(); at < range.end(); ) {
      int aligned = Long.numberOfTrailingZeros(at) - pageSize.shift();
      int fits = 63 - Long.numberOfLeadingZeros(range.end() - at) - pageSize.shift();
      int order = Math.min(PageAllocator.MAX_ORDER, Math.min(aligned, fits));
      long address = at;
      place.attempt(() -> generation.allocateAt(address, order));
      at += pageSize.blockBytes(order);
    }
  }

  private long setupData(BootData boot) {
    long bytes = SetupData.STRUCTURE.headerSize();
    long address =
        layout
            .placed(Layout.BOOT_RECORD)
            .map(Spec.Address::address)
            .orElseGet(() -> behind(boot, bytes));
    AddressRange array = new AddressRange(boot.scratchAddress(), boot.scratchSize());
    if (array.overlaps(address, bytes)) {
      throw spec.broken(
          "the boot record at 0x%x overlaps with the scratch array at %s", address, array);
    }
    boot.writeSetupData(memory, address);
    return layout.list(Layout.BOOT_RECORD, address);
  }

  /**
   * The place after the scratch array, which is a multiple of 8 bytes long. A kernel that chooses
   * its own place at random keeps clear of its boot records (7.3), and so of the array beside it.
   */
  private long behind(BootData boot, long bytes) {
    long address = boot.scratchAddress() + boot.scratchSize();
    for (Range region : spec.scratch()) {
      AddressRange range = region.range();
      if (address > range.address() && address + bytes <= range.end()) {
        return address;
      }
    }
    throw spec.scratch()
        .getFirst()
        .broken(
            "no room for the boot record after the scratch array at 0x%x", boot.scratchAddress());
  }
}
