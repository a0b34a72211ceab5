package org.kho4j.cli.author;

import static org.kho4j.cli.output.Text.Style.FAINT;
import static org.kho4j.cli.output.Text.Style.HEADING;
import static org.kho4j.cli.output.Text.Style.NAME;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.inspect.InspectCommand;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.PhysicalMemory;

/** The text output about an authored image. */
final class AuthorText {

  private final AuthoredImage outcome;
  private final Text out;

  private AuthorText(AuthoredImage outcome, Text out) {
    this.outcome = outcome;
    this.out = out;
  }

  /** Shows the handover as it reads, and how to boot a kernel on it. */
  static void show(AuthoredImage outcome, PhysicalMemory memory, Text out) throws IOException {
    new AuthorText(outcome, out).show(memory);
  }

  private void show(PhysicalMemory memory) throws IOException {
    Spec spec = outcome.spec();
    AddressRange ram = spec.memory().range();
    out.name(outcome.ram().toString())
        .put(": ")
        .size(ram.length())
        .put(" of memory at ")
        .address(ram.address())
        .put(", " + spec.arch().label() + ", pages of ")
        .size(spec.pageSize().bytes())
        .line();
    InspectCommand.show(memory, outcome.boot().fdtAddress(), spec.pageSize(), out);
    bootRecord();
    out.line().put(HEADING, "to boot a kernel on it").line();
    if (spec.arch() == Arch.X86_64) {
      bootX86();
    } else {
      bootArm64();
    }
  }

  private void bootRecord() throws IOException {
    out.line()
        .put(HEADING, "boot record")
        .line()
        .put("├─ ")
        .put(NAME, "root FDT")
        .put(" at ")
        .address(outcome.boot().fdtAddress())
        .put(", page of ")
        .size(outcome.boot().fdtSize())
        .line();
    out.put(outcome.setupData().isPresent() || outcome.deviceTree().isPresent() ? "├─ " : "└─ ")
        .put(NAME, "scratch array")
        .put(" at ")
        .address(outcome.boot().scratchAddress())
        .put(", ")
        .count(outcome.boot().regions(), "region", "regions")
        .put(FAINT, regions())
        .line();
    if (outcome.setupData().isPresent()) {
      out.put("└─ ")
          .put(NAME, "setup_data")
          .put(" at ")
          .address(outcome.setupData().getAsLong())
          .line();
    }
    if (outcome.deviceTree().isPresent()) {
      out.put("└─ ")
          .put(NAME, "/chosen")
          .put(" of the device tree ")
          .name(outcome.deviceTree().get().toString())
          .line();
    }
  }

  private String regions() {
    StringBuilder list = new StringBuilder();
    outcome
        .spec()
        .scratch()
        .forEach(region -> list.append(list.isEmpty() ? ": " : ", ").append(region.range()));
    return list.toString();
  }

  private void bootX86() throws IOException {
    String image = "BZIMAGE";
    if (outcome.bootImage().isPresent()) {
      image = outcome.bootImage().get().toString();
    } else {
      byte[] field =
          ByteBuffer.allocate(Long.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(outcome.setupData().orElseThrow())
              .array();
      out.put(
              "set the 8 bytes at offset 0x250 of a copy of its bzImage to "
                  + HexFormat.ofDelimiter(" ").formatHex(field))
          .line()
          .put(FAINT, "(--boot-image BZIMAGE --boot-image-out COPY does that), then")
          .line();
    }
    qemu("qemu-system-x86_64 -machine pc,memory-backend=ram", "ttyS0", "-kernel " + image);
  }

  private void bootArm64() throws IOException {
    if (outcome.deviceTree().isEmpty()) {
      out.line("give its device tree in /chosen (--dtb-out TREE writes one)")
          .line("  linux,kho-fdt = " + pair(outcome.boot().fdtAddress(), outcome.boot().fdtSize()))
          .line(
              "  linux,kho-scratch = "
                  + pair(outcome.boot().scratchAddress(), outcome.boot().scratchSize()));
    }
    String tree = outcome.deviceTree().map(Object::toString).orElse("TREE");
    qemu(
        "qemu-system-aarch64 -machine virt,memory-backend=ram -cpu max",
        "ttyAMA0",
        "-kernel IMAGE -dtb " + tree);
  }

  private static String pair(long address, long size) {
    return "<0x%x 0x%x 0x%x 0x%x>"
        .formatted(address >>> 32, address & 0xffff_ffffL, size >>> 32, size & 0xffff_ffffL);
  }

  private void qemu(String machine, String console, String kernel) throws IOException {
    long bytes = outcome.spec().memory().range().length();
    String size = bytes % (1 << 20) == 0 ? (bytes >> 20) + "M" : bytes / 1024 + "K";
    out.put("  ")
        .put(machine + " -m " + size + " -nographic -nodefaults -serial stdio -no-reboot \\")
        .line();
    out.put("    -object memory-backend-file,id=ram,share=on,size=" + size + ",mem-path=")
        .put(Units.printable(outcome.ram().toString()))
        .put(" \\")
        .line();
    out.put("    " + Units.printable(kernel) + " -append 'kho=on panic=-1 console=" + console + "'")
        .line();
  }
}
