package org.kho4j.memory.image;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Forms of memory images that are known by their first bytes and not read.
 *
 * @param name of the form, as a sentence has it: {@code a QEMU migration stream}
 * @param readable which command writes the memory in a form that is read
 * @param signs alternatives for the bytes of the form
 */
record ForeignForm(String name, String readable, List<Sign> signs) {

  /** Length of the signature of a swap area, which is at the end of its first page. */
  private static final int SWAP_SIGNATURE = 10;

  /** Most bytes of the names of an ELF file's sections that are read. */
  private static final int MAX_NAMES = 1 << 16;

  private static final String QEMU_DUMP =
      "'virsh dump --memory-only GUEST FILE', or dump-guest-memory in QEMU's monitor, writes the"
          + " memory of the running guest in a supported form";

  private static final List<ForeignForm> ALL =
      List.of(
          new ForeignForm(
              "a QEMU migration stream, as virsh dump writes without --memory-only",
              QEMU_DUMP,
              List.of(text(0, "QEVM"))),
          new ForeignForm(
              "a libvirt save image",
              "'virsh restore FILE' starts the guest again; then " + QEMU_DUMP,
              List.of(text(0, "LibvirtQemudSave"), text(0, "LibvirtQemudPart"))),
          new ForeignForm(
              "a qcow2 disk image, in which savevm keeps memory",
              "'loadvm' starts the guest again; then " + QEMU_DUMP,
              List.of(text(0, "QFI\u00fb"))),
          new ForeignForm(
              "a VMware suspended state or snapshot (.vmss, .vmsn)",
              "'vmss2core -N6 FILE.vmss FILE.vmem' writes an ELF core; a .vmem of a guest of at"
                  + " most 3 GiB is supported as it is",
              List.of(
                  number(0xbad1bad1), number(0xbed2bed0), number(0xbed2bed2), number(0xbed3bed3))),
          new ForeignForm(
              "a Windows crash dump",
              "dump-guest-memory without -w, or 'virsh dump --memory-only --format=elf GUEST"
                  + " FILE', writes a supported dump of a Linux guest",
              List.of(text(0, "PAGEDUMP"), text(0, "PAGEDU64"))),
          new ForeignForm(
              "a saved Xen guest",
              "'xl restore FILE' starts the guest again; AVML or LiME in the guest, or its own"
                  + " kdump, writes a supported form",
              List.of(
                  text(0, "Xen saved domain, xl format"),
                  text(0, "libvirt-xml\n \0 \r"),
                  ForeignForm::isXenStream)),
          new ForeignForm(
              "the core of a Xen guest (xl dump-core)",
              "AVML or LiME in the guest, or its own kdump, writes a supported form",
              List.of(ForeignForm::isXenCore)),
          new ForeignForm(
              "a hibernation image",
              "its pages are in the order in which Linux restores them: resume it, and use AVML or"
                  + " LiME",
              List.of(swap("S1SUSPEND"), swap("S2SUSPEND"), swap("ULSUSPEND"), swap("LINHIB0001"))),
          new ForeignForm(
              "a swap area without a hibernation image",
              "give the file or device that has the dump",
              List.of(swap("SWAPSPACE2"))),
          new ForeignForm(
              "a Windows hibernation file",
              "resume it, and dump the guest with 'virsh dump --memory-only GUEST FILE'",
              List.of(text(0, "hibr"), text(0, "HIBR"))),
          new ForeignForm(
              "a dump of Fujitsu's stand alone dump (sadump)",
              "'makedumpfile -l -d 0 FILE vmcore' writes a kdump file",
              List.of(text(0, "sadump\0\0"))),
          new ForeignForm(
              "an LKCD dump",
              "crash reads it, but no command converts it to a supported form",
              List.of(ForeignForm::isLkcd)));

  /** Recognizes the form of a file by its bytes. */
  @FunctionalInterface
  interface Sign {
    boolean in(MemorySegment bytes);
  }

  /** Returns the form of a file, if it is one of these. */
  static Optional<ForeignForm> of(MemorySegment bytes) {
    return ALL.stream()
        .filter(form -> form.signs.stream().anyMatch(sign -> sign.in(bytes)))
        .findFirst();
  }

  /** Returns the sentence about a file, to follow the file's name. */
  String sentence() {
    return "is " + name + ", an unsupported form: " + readable;
  }

  private static Sign text(int offset, String text) {
    MemorySegment signature = MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1));
    return bytes -> {
      long end = offset + signature.byteSize();
      return bytes.byteSize() >= end
          && bytes.asSlice(offset, signature.byteSize()).mismatch(signature) < 0;
    };
  }

  private static Sign number(int number) {
    return bytes -> bytes.byteSize() >= Integer.BYTES && bytes.get(U32, 0) == number;
  }

  /** Returns the sign of a signature at the end of the first page, for every page size. */
  private static Sign swap(String signature) {
    List<Sign> signs =
        IntStream.of(4096, 16384, 65536)
            .mapToObj(page -> text(page - SWAP_SIGNATURE, signature))
            .toList();
    return bytes -> signs.stream().anyMatch(sign -> sign.in(bytes));
  }

  /**
   * Returns whether the bytes are a stream of libxc: eight bytes of ones, then "XENF", big-endian.
   */
  private static boolean isXenStream(MemorySegment bytes) {
    return bytes.byteSize() >= 12 && bytes.get(U64, 0) == -1 && bytes.get(U32, 8) == 0x464e4558;
  }

  private static boolean isLkcd(MemorySegment bytes) {
    return bytes.byteSize() >= Long.BYTES && bytes.get(U64, 0) == 0xa8190173618f23edL;
  }

  /**
   * Returns whether the bytes are an ELF core whose memory is in sections named {@code .xen_pages}.
   */
  private static boolean isXenCore(MemorySegment bytes) {
    if (bytes.byteSize() < 64
        || bytes.get(U32, 0) != 0x464c457f
        || bytes.get(U16, 16) != 4
        || bytes.get(U16, 58) != 64) {
      return false;
    }
    long size = bytes.byteSize();
    long headers = bytes.get(U64, 40);
    long names = headers + Short.toUnsignedLong(bytes.get(U16, 62)) * 64;
    if (headers < 64 || headers > size || names > size - 64) {
      return false;
    }
    long offset = bytes.get(U64, names + 24);
    if (offset < 0 || offset > size) {
      return false;
    }
    long length = Math.min(size - offset, MAX_NAMES);
    byte[] text = bytes.asSlice(offset, length).toArray(JAVA_BYTE);
    return new String(text, StandardCharsets.ISO_8859_1).contains("\0.xen_pages\0");
  }
}
