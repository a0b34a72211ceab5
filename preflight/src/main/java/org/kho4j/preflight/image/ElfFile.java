package org.kho4j.preflight.image;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.files.MalformedImageException;

/** The sections of an ELF file: 64-bit, little-endian, linked. Reads only headers. */
final class ElfFile {

  /** Most sections that are taken: a linked kernel has less than a hundred. */
  static final int MAX_SECTIONS = 1 << 14;

  static final String BTF = ".BTF";

  private static final String CONSTANTS = ".rodata";

  private static final int MAX_NAME = 255;

  private static final String OVERLAP =
      "has ELF sections that are loaded and overlap: together they are longer than the file";

  private static final int MAGIC = 0x464c457f;
  private static final int HEADER = 64;
  private static final int SECTION_HEADER = 64;
  private static final int EM_X86_64 = 62;
  private static final int EM_AARCH64 = 183;
  private static final int EM_RISCV = 243;
  private static final int SHN_XINDEX = 0xffff;
  private static final int SHT_NULL = 0;
  private static final int SHT_NOBITS = 8;
  private static final long SHF_ALLOC = 2;

  /**
   * A section.
   *
   * @param inFile whether its bytes are in the file
   * @param loaded whether it is part of the kernel's memory
   */
  record Section(
      String name, boolean inFile, boolean loaded, long address, long offset, long length) {

    LoadedRange region() {
      return new LoadedRange(name, offset, length, OptionalLong.of(address));
    }
  }

  private final String where;
  private final MemorySegment bytes;
  private final List<Section> sections = new ArrayList<>();

  private ElfFile(MemorySegment bytes, String where) {
    this.where = where;
    this.bytes = bytes;
  }

  /** Returns whether these are the first bytes of an ELF file. */
  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= 4 && bytes.get(U32, 0) == MAGIC;
  }

  /**
   * Reads the headers.
   *
   * @param where name of the file in messages
   */
  static ElfFile read(MemorySegment bytes, String where) throws MalformedImageException {
    ElfFile file = new ElfFile(bytes, where);
    file.readHeaders();
    return file;
  }

  Architecture architecture() {
    return switch (u16(18)) {
      case EM_X86_64 -> Architecture.X86_64;
      case EM_AARCH64 -> Architecture.ARM64;
      case EM_RISCV -> Architecture.RISCV64;
      default -> Architecture.UNKNOWN;
    };
  }

  /**
   * Returns the ranges of the kernel's memory that are in the file and are neither machine code nor
   * BTF.
   */
  List<LoadedRange> loaded() {
    return sections.stream()
        .filter(section -> section.inFile() && section.loaded())
        .filter(section -> !section.name().contains("text") && !section.name().equals(BTF))
        .map(Section::region)
        .toList();
  }

  /**
   * Returns whether the file has no more than the kernel's debug data, as {@code objcopy
   * --only-keep-debug} leaves it: the section of the constants has no bytes, only notes have
   * theirs.
   */
  boolean isDebugDataAlone() {
    return sections.stream()
        .anyMatch(section -> section.name().equals(CONSTANTS) && !section.inFile());
  }

  /** Returns the ranges of machine code; those of early boot first. */
  List<LoadedRange> code() {
    return sections.stream()
        .filter(section -> section.inFile() && section.loaded() && section.name().contains("text"))
        .sorted(Comparator.comparing(section -> !section.name().contains("init")))
        .map(Section::region)
        .toList();
  }

  /** Returns the section of that name whose bytes are in the file. */
  Optional<Section> section(String name) {
    return sections.stream()
        .filter(section -> section.inFile() && section.name().equals(name))
        .findFirst();
  }

  private void readHeaders() throws MalformedImageException {
    require(bytes.byteSize() >= HEADER, "ends within the ELF header: it has 64 bytes");
    int fileClass = bytes.get(JAVA_BYTE, 4);
    require(fileClass == 2, "is an ELF file of class " + fileClass + ": only 64-bit (2) is read");
    int order = bytes.get(JAVA_BYTE, 5);
    require(order == 1, "has ELF byte order " + order + ": only little-endian (1) is read");
    int type = u16(16);
    require(
        type == 2 || type == 3,
        "is an ELF file of type " + type + ": a kernel is linked, of type 2 or 3");
    require(
        architecture() != Architecture.UNKNOWN,
        ("is an ELF file for machine %d: only kernels for x86-64 (%d), arm64 (%d) and riscv64 (%d)"
                + " are read")
            .formatted(u16(18), EM_X86_64, EM_AARCH64, EM_RISCV));
    long table = bytes.get(U64, 40);
    require(table != 0, "is an ELF file without section headers");
    require(
        u16(58) == SECTION_HEADER,
        "has ELF section headers of " + u16(58) + " bytes: they have 64");
    requireTable(table, 1);
    long count = u16(60) != 0 ? u16(60) : bytes.get(U64, table + 32);
    require(
        count >= 1 && count <= MAX_SECTIONS,
        "has %s ELF sections: %d are the most that is read"
            .formatted(Long.toUnsignedString(count), MAX_SECTIONS));
    requireTable(table, count);
    long names =
        u16(62) != SHN_XINDEX ? u16(62) : Integer.toUnsignedLong(bytes.get(U32, table + 40));
    require(names < count, "has its section names in section " + names + " of " + count);
    MemorySegment nameBytes = nameBytes(table + names * SECTION_HEADER);
    for (int i = 0; i < count; i++) {
      readSection(i, table + (long) i * SECTION_HEADER, nameBytes);
    }
    requireApart();
  }

  /** Checks that sections do not overlap, so that no more bytes are searched than the file has. */
  private void requireApart() throws MalformedImageException {
    long together = 0;
    for (Section section : sections) {
      if (section.inFile() && section.loaded()) {
        require(section.length() <= bytes.byteSize() - together, OVERLAP);
        together += section.length();
      }
    }
  }

  private void requireTable(long table, long count) throws MalformedImageException {
    require(
        table > 0
            && table <= bytes.byteSize()
            && count <= (bytes.byteSize() - table) / SECTION_HEADER,
        "has %d ELF section headers at offset 0x%x, which run past the end at 0x%x"
            .formatted(count, table, bytes.byteSize()));
  }

  private MemorySegment nameBytes(long header) throws MalformedImageException {
    long offset = bytes.get(U64, header + 24);
    long length = bytes.get(U64, header + 32);
    require(
        isInFile(offset, length),
        "has its section names at offset 0x%x, 0x%x bytes, of 0x%x"
            .formatted(offset, length, bytes.byteSize()));
    return bytes.asSlice(offset, length);
  }

  private boolean isInFile(long offset, long length) {
    return offset >= 0
        && length >= 0
        && offset <= bytes.byteSize()
        && length <= bytes.byteSize() - offset;
  }

  private void readSection(int number, long header, MemorySegment names)
      throws MalformedImageException {
    int type = bytes.get(U32, header + 4);
    if (type == SHT_NULL) {
      return;
    }
    long flags = bytes.get(U64, header + 8);
    long offset = bytes.get(U64, header + 24);
    long length = bytes.get(U64, header + 32);
    String name = name(names, Integer.toUnsignedLong(bytes.get(U32, header)));
    boolean inFile = type != SHT_NOBITS;
    require(
        !inFile || isInFile(offset, length),
        "has section %d (%s) at offset 0x%x, 0x%x bytes, which runs past the end at 0x%x"
            .formatted(number, name, offset, length, bytes.byteSize()));
    sections.add(
        new Section(
            name, inFile, (flags & SHF_ALLOC) != 0, bytes.get(U64, header + 16), offset, length));
  }

  private static String name(MemorySegment names, long at) {
    StringBuilder name = new StringBuilder();
    for (long i = at; i < names.byteSize() && name.length() < MAX_NAME; i++) {
      char c = (char) (names.get(JAVA_BYTE, i) & 0xff);
      if (c == 0) {
        break;
      }
      name.append(c >= 0x20 && c < 0x7f ? c : '?');
    }
    return name.toString();
  }

  private int u16(long at) {
    return Short.toUnsignedInt(bytes.get(U16, at));
  }

  private void require(boolean holds, String otherwise) throws MalformedImageException {
    if (!holds) {
      throw new MalformedImageException(where + " " + otherwise);
    }
  }
}
