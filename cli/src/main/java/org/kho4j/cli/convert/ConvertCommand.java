package org.kho4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.author.BootFiles;
import org.kho4j.cli.author.MemoryLimit;
import org.kho4j.cli.author.Outputs;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.command.SourceCommand;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Progress;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.memory.MemorySource.Machine;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** {@code kho convert SOURCE --abi VERSION -o RAM}. */
public final class ConvertCommand extends SourceCommand {

  /**
   * RAM of a PC begins at 0, but the kernel does not list the first page, and LiME leaves it out.
   */
  private static final long PC_LOW_MEMORY = 1 << 20;

  /** Where the ROM of a PC's firmware is, which QEMU's dumps list as memory. */
  private static final long PC_FIRMWARE = 0xff000000L;

  private static final long PC_FIRMWARE_END = 1L << 32;

  public ConvertCommand() {
    super(
        "convert",
        "Rewrites a handover in another version of the contract, into a RAM file.",
        "Preserved memory keeps its address and content. The structures that differ between the"
            + " versions are written anew, into unused memory. The command lists and leaves out"
            + " what the other version cannot hold.",
        "Exit status: 0 if everything was converted, 1 if something was left out, 2 if nothing"
            + " was written.");
    example("kho convert vmcore --abi 7.1 -o ram");
    option(
        OptionSpec.builder("--abi")
            .type(Target.class)
            .converters(Target::parse)
            .paramLabel("VERSION")
            .required(true)
            .description(
                "The target: a release, such as 6.19, or a version or layout, such as kho-v1,"
                    + " kho-v1@6.16 or luo-v3."));
    option(
        BootFiles.file(
                "RAM", "The RAM file to write: sparse, for its owner only.", "-o", "--output")
            .required(true));
    option(
        HandoverSearch.roleOption(
            "--role", "The handover to read, incoming or outgoing. Default: outgoing."));
    option(
        OptionSpec.builder("--scratch")
            .type(AddressRange.class)
            .converters(ConvertCommand::range)
            .paramLabel("ADDR:SIZE")
            .description("The scratch region. Default: half of the largest free part of memory."));
    BootFiles.options().forEach(this::option);
  }

  private static AddressRange range(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new TypeConversionException("'" + text + "' is not ADDR:SIZE, such as 0x10000000:256M");
    }
    try {
      return new AddressRange(
          Numbers.parse(text.substring(0, colon)), Numbers.parse(text.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'" + text + "' is not memory: " + e.getMessage());
    }
  }

  @Override
  protected int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    HandoverSearch search = HandoverSearch.in(invocation, memory);
    search.noteRejected(invocation);
    Handover source = search.choose(invocation.value("--role", Role.class), "--fdt");
    if (!source.hasMap() || source.mapState() == Handover.MapState.ABSENT) {
      throw new IOException(
          "%s: the map of the handover at 0x%x is %s, so preserved memory is unknown%s"
              .formatted(
                  memory.source().path(),
                  source.root().address(),
                  source.hasMap() ? "partly absent" : source.mapState().label(),
                  source.mapFault().map(": "::concat).orElse("")));
    }
    Target target = Objects.requireNonNull(invocation.value("--abi", Target.class), "--abi");
    boolean pc = isPc(memory, source.pageSize());
    BootFiles boot = BootFiles.of(invocation, pc, "the source");
    AddressRange range = extent(memory, source.pageSize(), pc);
    Plan plan = Plan.of(source, target, range);
    Room room =
        Room.of(
            range,
            ram(memory, source.pageSize(), pc),
            plan.kept(),
            plan.claims(),
            source.pageSize(),
            pc,
            invocation.value("--scratch", AddressRange.class));
    try (Outputs outputs = new Outputs(invocation)) {
      OutputFile ram =
          outputs.add(Objects.requireNonNull(invocation.value("-o", Path.class), "-o"));
      boot.addTo(outputs);
      ram.requireRoom(plan.kept().bytes());
      try (WritableMemory written = ram.memory(range)) {
        BootData data = write(invocation, source, target, plan, room, written);
        OptionalLong setupData =
            pc ? OptionalLong.of(setupData(data, written)) : OptionalLong.empty();
        boot.write(data, setupData);
        outputs.publish();
        Converted converted =
            new Converted(
                ram.target(), range, source, target, room, data, setupData, plan.leftOut());
        show(invocation, converted, boot);
      }
    }
    return plan.leftOut().isEmpty() ? OK : BAD_ANSWER;
  }

  private static BootData write(
      Invocation invocation,
      Handover source,
      Target target,
      Plan plan,
      Room room,
      WritableMemory memory)
      throws IOException {
    long bytes = plan.kept().bytes();
    AtomicLong done = new AtomicLong();
    try (Progress progress = invocation.progress("copying", Math.max(1, bytes))) {
      return Conversion.write(
          source, target, plan, room, memory, more -> progress.done(done.addAndGet(more)));
    } catch (KhoException e) {
      throw new IOException(
          "%s: cannot be written as %s: %s"
              .formatted(source.memory().physical().source().path(), target.kho(), e.getMessage()),
          e);
    } catch (InternalError e) {
      throw new IOException(
          "%s: there is no space left for it, or the source became shorter while it was read"
              .formatted(invocation.value("-o", Path.class)),
          e);
    }
  }

  /** A raw file does not tell; kernels with other pages than 4K are arm64's. */
  private static boolean isPc(PhysicalMemory memory, PageSize pageSize) {
    return switch (memory.source().machine()) {
      case X86_64 -> true;
      case AARCH64 -> false;
      case UNKNOWN -> pageSize == PageSize.SIZE_4K;
    };
  }

  /** Visits the machine's RAM, ascending, without the ROM of a PC's firmware. */
  private static void forEachRam(
      PhysicalMemory memory, boolean pc, PhysicalMemory.RangeVisitor visitor) {
    memory.forEachRamRange((address, length) -> {
      boolean rom = pc && address >= PC_FIRMWARE && address < PC_FIRMWARE_END;
      long start = rom ? PC_FIRMWARE_END : address;
      if (start < address + length) {
        visitor.range(start, address + length - start);
      }
    });
  }

  /** Returns the whole pages of RAM. */
  private static List<AddressRange> ram(PhysicalMemory memory, PageSize pageSize, boolean pc) {
    long page = pageSize.bytes();
    List<AddressRange> ranges = new ArrayList<>();
    forEachRam(
        memory,
        pc,
        (address, length) -> {
          long start = address + page - 1 & -page;
          long end = address + length & -page;
          if (start < end) {
            ranges.add(new AddressRange(start, end - start));
          }
        });
    return ranges;
  }

  /**
   * Returns what the RAM file has: all from the first byte of RAM to the last. A PC's begins at 0.
   */
  private static AddressRange extent(PhysicalMemory memory, PageSize pageSize, boolean pc)
      throws IOException {
    long[] bounds = {Long.MAX_VALUE, 0};
    forEachRam(
        memory,
        pc,
        (address, length) -> {
          bounds[0] = Math.min(bounds[0], address);
          bounds[1] = address + length;
        });
    boolean fromZero =
        pc && (memory.source().machine() == Machine.X86_64 || bounds[0] < PC_LOW_MEMORY);
    long page = pageSize.bytes();
    long start = fromZero ? 0 : bounds[0] & -page;
    long bytes = bounds[1] - start;
    // Another allocator places the first structures.
    Optional<String> refusal = MemoryLimit.refusal(pageSize, bytes, bytes);
    if (refusal.isPresent()) {
      throw new IOException(memory.source().path() + ": " + refusal.get());
    }
    return new AddressRange(start, Math.ceilDiv(bytes, page) * page);
  }

  /** Behind the scratch array, where a kernel that chooses its place keeps clear of both. */
  private static long setupData(BootData boot, WritableMemory memory) {
    long address = boot.scratchAddress() + boot.scratchSize();
    boot.writeSetupData(memory, address);
    return address;
  }

  private static void show(Invocation invocation, Converted converted, BootFiles boot)
      throws IOException {
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        ConvertJson.write(converted, boot, json);
      }
    } else {
      converted.show(invocation.text());
    }
    for (LeftOut left : converted.leftOut()) {
      invocation.note(
          "left out: " + Units.printablePath(left.path()) + ": " + Units.printable(left.reason()));
    }
  }
}
