package org.kho4j.lab.guest;

import java.util.List;
import java.util.stream.Stream;

/** An architecture that speaks KHO, as QEMU emulates it. */
public enum Arch {
  X86_64("x86_64", 62, 0, "gcc", "ttyS0", ""),
  ARM64("arm64", 183, 0x4000_0000L, "aarch64-linux-gnu-gcc", "ttyAMA0", "max,pauth-impdef=on");

  private final String label;
  private final int elfMachine;
  private final long ramBase;
  private final String compiler;
  private final String console;
  private final String processor;

  Arch(
      String label,
      int elfMachine,
      long ramBase,
      String compiler,
      String console,
      String processor) {
    this.label = label;
    this.elfMachine = elfMachine;
    this.ramBase = ramBase;
    this.compiler = compiler;
    this.console = console;
    this.processor = processor;
  }

  /** Its name in the files of kernels. */
  public String label() {
    return label;
  }

  /** Its number in the headers of ELF files. */
  int elfMachine() {
    return elfMachine;
  }

  /** Physical address of the first byte of RAM. */
  public long ramBase() {
    return ramBase;
  }

  String compiler() {
    return this.label.equals(hostLabel()) ? "gcc" : compiler;
  }

  private static String hostLabel() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x86_64";
  }

  String console() {
    return console;
  }

  /** Returns QEMU's options for the CPU; none for QEMU's own choice. */
  List<String> processor() {
    return processor.isEmpty() ? List.of() : List.of("-cpu", processor);
  }

  /** How a kernel that loads the next one tells where, and how far behind that it is entered. */
  String loaded() {
    return this == X86_64
        ? "Loaded 64bit kernel at 0x(\\p{XDigit}+)"
        : "Loaded kernel at 0x(\\p{XDigit}+)";
  }

  int entry() {
    return this == X86_64 ? 0x200 : 0;
  }

  /** An instruction that jumps to itself. */
  byte[] circle() {
    return this == X86_64 ? new byte[] {(byte) 0xeb, (byte) 0xfe} : new byte[] {0, 0, 0, 0x14};
  }

  /** The serial line as a console that speaks before there is any driver. */
  public String earlyConsole() {
    return this == X86_64 ? "uart8250,io,0x3f8,115200" : "pl011,0x9000000";
  }

  String emulator() {
    return this == X86_64 ? "qemu-system-x86_64" : "qemu-system-aarch64";
  }

  String machine() {
    return this == X86_64 ? "pc" : "virt";
  }

  /** The architecture of that name in a kernel's file. */
  static Arch of(String label) {
    return Stream.of(values())
        .filter(arch -> arch.label.equals(label))
        .findFirst()
        .orElseThrow(
            () -> new LabFailure("architecture " + label + " is none of x86_64 and arm64"));
  }
}
