package org.kho4j.memory.elf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.mapped.MappedMemory;
import org.kho4j.memory.mapped.MappedRuns;
import org.kho4j.memory.mapped.RamRanges;

/**
 * An ELF core of a whole machine: 64-bit, little-endian, {@code ET_CORE}, as written by QEMU's
 * dump-guest-memory and makedumpfile {@code -E}, or copied from /proc/vmcore.
 *
 * <p>{@code p_paddr} of the {@code PT_LOAD} segments locates memory. {@code p_memsz} bytes are RAM,
 * and {@code p_filesz} of them are in the file: makedumpfile leaves out what {@code p_memsz} has
 * beyond. Where the file was cut off, the RAM beyond its end is absent too. Linux writes a {@code
 * p_paddr} of -1 for segments that have no physical address (/proc/kcore: vmalloc, modules); those
 * segments are skipped.
 */
public final class ElfCore {

  /** Most program headers taken from a file: 40 bytes of heap each. */
  static final int MAX_SEGMENTS = 1 << 18;

  /** Most notes searched for VMCOREINFO: a machine has a few for each of its CPUs. */
  static final int MAX_NOTES = 1 << 16;

  /** Most bytes read of a VMCOREINFO note: Linux has one page of it. */
  private static final int MAX_VMCOREINFO = 1 << 16;

  private static final int MAGIC = 0x464c457f;
  private static final int HEADER_SIZE = 64;
  private static final int ET_CORE = 4;
  private static final int EM_X86_64 = 62;
  private static final int EM_AARCH64 = 183;

  /** {@code e_phnum} of a file whose first section header has the real number in sh_info. */
  private static final int PN_XNUM = 0xffff;

  private static final int SECTION_INFO = 44;

  private final Path path;
  private final MemorySegment bytes;
  private final long fileSize;

  private ElfCore(Path path, MemorySegment bytes, long fileSize) {
    this.path = path;
    this.bytes = bytes;
    this.fileSize = fileSize;
  }

  /**
   * The content of the headers.
   *
   * @param source the machine and its page size, where a note has it
   * @param runs memory that the file has
   * @param ram RAM of the machine; null where the headers claim more than is believed
   */
  public record Layout(MemorySource source, MappedRuns runs, @Nullable RamRanges ram) {}

  /** Returns whether these are the first bytes of an ELF file. */
  public static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= 4 && bytes.get(U32, 0) == MAGIC;
  }

  /** Reads the headers; takes the file over when it succeeds. */
  public static MappedMemory open(MappedFile file) throws MalformedImageException {
    Layout layout = layout(file.path(), file.bytes(), file.size());
    return new MappedMemory(file, layout.source, layout.runs, layout.ram);
  }

  /**
   * Reads the headers of a core that is not mapped.
   *
   * @param headers the file from its first byte to the end of its program headers and notes
   * @param fileSize bytes of the file
   */
  public static Layout layout(Path path, MemorySegment headers, long fileSize)
      throws MalformedImageException {
    return new ElfCore(path, headers, fileSize).read();
  }

  /** Returns what files of a type are, for a message. */
  private static String use(int type) {
    return switch (type) {
      case 1 -> " (an object file or a module)";
      case 2, 3 -> " (a program or a vmlinux)";
      default -> "";
    };
  }

  private Layout read() throws MalformedImageException {
    if (!matches(bytes)) {
      throw malformed("is not an ELF file: it does not start with 7f 45 4c 46");
    }
    require(bytes.byteSize() >= HEADER_SIZE, "ends within the ELF header: it has 64 bytes");
    int fileClass = bytes.get(JAVA_BYTE, 4);
    require(fileClass == 2, "is an ELF file of class " + fileClass + ": only 64-bit (2) is read");
    int order = bytes.get(JAVA_BYTE, 5);
    require(order == 1, "has ELF byte order " + order + ": only little-endian (1) is read");
    int type = u16(16);
    require(type == ET_CORE, "is an ELF file of type " + type + use(type) + ", not a core (4)");
    int entrySize = u16(54);
    require(
        entrySize == ProgramHeader.SIZE,
        "has ELF program headers of " + entrySize + " bytes: they have 56");

    long table = bytes.get(U64, 32);
    long count = programHeaders();
    require(
        table >= 0
            && table <= bytes.byteSize()
            && count <= (bytes.byteSize() - table) / ProgramHeader.SIZE,
        count
            + " ELF program headers at offset 0x"
            + hex(table)
            + " run past "
            + (bytes.byteSize() < fileSize
                ? "the part of the file that is read"
                : "the file's end"));

    SegmentTable segments = new SegmentTable(path, fileSize);
    OptionalInt pageSize = OptionalInt.empty();
    for (int i = 0; i < count; i++) {
      ProgramHeader header = ProgramHeader.read(bytes, table + (long) i * ProgramHeader.SIZE);
      if (header.type() == ProgramHeader.LOAD) {
        segments.add(header);
      } else if (header.type() == ProgramHeader.NOTE && pageSize.isEmpty()) {
        pageSize = vmcoreinfoPageSize(header.offset(), header.inFile());
      }
    }
    MappedRuns runs = segments.toRuns();
    MemorySource source =
        new MemorySource(
            path, MemorySource.Kind.ELF, fileSize, machine(u16(18)), pageSize, segments.notes());
    return new Layout(source, runs, segments.ram());
  }

  private long programHeaders() throws MalformedImageException {
    long count = u16(56);
    if (count == PN_XNUM) {
      long section = bytes.get(U64, 40);
      require(
          section >= HEADER_SIZE && section <= bytes.byteSize() - SECTION_INFO - 4,
          "has its number of ELF program headers in a section header at offset 0x"
              + hex(section)
              + ", which is not in the file");
      count = Integer.toUnsignedLong(bytes.get(U32, section + SECTION_INFO));
    }
    require(
        count <= MAX_SEGMENTS,
        "has " + count + " ELF program headers: " + MAX_SEGMENTS + " are the most that is read");
    return count;
  }

  /**
   * Reads the page size from a VMCOREINFO note, whose text has lines like {@code PAGESIZE=4096}.
   */
  private OptionalInt vmcoreinfoPageSize(long offset, long length) {
    if (offset < 0 || offset >= bytes.byteSize() || length <= 0) {
      return OptionalInt.empty();
    }
    // A file that was cut off may have a part of the notes.
    long end = offset + Math.min(length, bytes.byteSize() - offset);
    for (int note = 0; note < MAX_NOTES && end - offset >= 12; note++) {
      long nameSize = Integer.toUnsignedLong(bytes.get(U32, offset));
      long textSize = Integer.toUnsignedLong(bytes.get(U32, offset + 4));
      long name = offset + 12;
      long text = name + (nameSize + 3 & ~3L);
      if (text > end) {
        return OptionalInt.empty();
      }
      if (nameSize == "VMCOREINFO".length() + 1 && hasText(name, "VMCOREINFO")) {
        return Vmcoreinfo.pageSize(
            bytes.asSlice(text, Math.min(Math.min(textSize, end - text), MAX_VMCOREINFO)));
      }
      offset = text + (textSize + 3 & ~3L);
    }
    return OptionalInt.empty();
  }

  private boolean hasText(long at, String text) {
    for (int i = 0; i < text.length(); i++) {
      if (bytes.get(JAVA_BYTE, at + i) != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static MemorySource.Machine machine(int machine) {
    return switch (machine) {
      case EM_X86_64 -> MemorySource.Machine.X86_64;
      case EM_AARCH64 -> MemorySource.Machine.AARCH64;
      default -> MemorySource.Machine.UNKNOWN;
    };
  }

  private int u16(long at) {
    return Short.toUnsignedInt(bytes.get(U16, at));
  }

  private static String hex(long value) {
    return Long.toHexString(value);
  }

  private void require(boolean holds, String otherwise) throws MalformedImageException {
    if (!holds) {
      throw malformed(otherwise);
    }
  }

  private MalformedImageException malformed(String what) {
    return new MalformedImageException(path + " " + what);
  }
}
