package org.kho4j.preflight.image;

import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kho4j.files.MalformedImageException;

/**
 * A unified kernel image (UKI, the UAPI group's specification): an EFI program with the kernel in
 * section {@code .linux}, its command line in {@code .cmdline} and its initrd in {@code .initrd}.
 * If there are several profiles, profile @0 counts, which boots by default: its sections replace
 * those of the same name before the first {@code .profile}.
 *
 * @param linux the kernel
 * @param others the other parts
 */
record UnifiedImage(MemorySegment linux, KernelImage.Unified others) {

  /** Longest command line that a kernel takes. */
  private static final int MAX_COMMAND_LINE = 1 << 12;

  private static final int MZ = 0x5a4d;
  private static final int PE_POINTER = 0x3c;
  private static final int PE_MAGIC = 0x4550;
  private static final int PE_HEADER = 24;
  private static final int SECTION = 40;
  private static final int NAME = 8;

  /** Most sections that are read: the format allows for 96. */
  private static final int MAX_SECTIONS = 96;

  private static final String LINUX = ".linux";
  private static final String COMMAND_LINE = ".cmdline";
  private static final String MICROCODE = ".ucode";
  private static final String INITRD = ".initrd";
  private static final String PROFILE = ".profile";

  /** The sections that are read, each of which a profile has once. */
  private static final Set<String> ONCE = Set.of(LINUX, COMMAND_LINE, MICROCODE, INITRD);

  private record PeSection(String name, long offset, long length) {}

  /** Returns whether a file is a PE program with a section {@code .linux}. */
  static boolean matches(MemorySegment bytes) {
    return sections(bytes).stream().anyMatch(section -> section.name.equals(LINUX));
  }

  static UnifiedImage read(Path path, MemorySegment bytes) throws IOException {
    Map<String, PeSection> used = used(path, sections(bytes));
    PeSection linux = used.get(LINUX);
    if (linux == null) {
      throw new MalformedImageException(
          path + " has section .linux only in a profile that does not boot by default");
    }
    PeSection commandLine = used.get(COMMAND_LINE);
    Optional<Long> initrd = Optional.empty();
    for (String name : List.of(MICROCODE, INITRD)) {
      PeSection section = used.get(name);
      if (section != null) {
        initrd = Optional.of(initrd.orElse(0L) + content(path, bytes, section).byteSize());
      }
    }
    return new UnifiedImage(
        content(path, bytes, linux),
        new KernelImage.Unified(
            commandLine == null
                ? Optional.empty()
                : Optional.of(text(path, content(path, bytes, commandLine))),
            initrd));
  }

  /** Returns the sections of the base profile, replaced by those of profile @0. */
  private static Map<String, PeSection> used(Path path, List<PeSection> sections)
      throws MalformedImageException {
    Map<String, PeSection> used = new HashMap<>();
    Set<String> ofProfile = new HashSet<>();
    int profiles = 0;
    for (PeSection section : sections) {
      if (section.name.equals(PROFILE)) {
        profiles++;
        ofProfile.clear();
      }
      if (profiles > 1) {
        break;
      }
      if (!ofProfile.add(section.name) && ONCE.contains(section.name)) {
        throw new MalformedImageException(
            "%s has two sections %s, the second at offset 0x%x: which of them boots is not known"
                .formatted(path, section.name, section.offset));
      }
      used.put(section.name, section);
    }
    return used;
  }

  private static MemorySegment content(Path path, MemorySegment bytes, PeSection section)
      throws MalformedImageException {
    if (section.offset > bytes.byteSize() || section.length > bytes.byteSize() - section.offset) {
      throw new MalformedImageException(
          "%s has section %s at offset 0x%x, 0x%x bytes, which runs past the file's end at 0x%x"
              .formatted(path, section.name, section.offset, section.length, bytes.byteSize()));
    }
    return bytes.asSlice(section.offset, section.length);
  }

  private static String text(Path path, MemorySegment bytes) throws MalformedImageException {
    String text = new String(prefix(bytes), StandardCharsets.UTF_8);
    int end = text.indexOf('\0');
    if (end < 0 && bytes.byteSize() > MAX_COMMAND_LINE) {
      throw new MalformedImageException(
          "%s has a command line of %d bytes: %d are the most"
              .formatted(path, bytes.byteSize(), MAX_COMMAND_LINE));
    }
    return (end < 0 ? text : text.substring(0, end)).strip();
  }

  private static byte[] prefix(MemorySegment bytes) {
    return bytes
        .asSlice(0, Math.min(bytes.byteSize(), MAX_COMMAND_LINE))
        .toArray(ValueLayout.JAVA_BYTE);
  }

  /** Returns the sections by the headers; none where a file is no PE program. */
  private static List<PeSection> sections(MemorySegment bytes) {
    List<PeSection> sections = new ArrayList<>();
    if (bytes.byteSize() < PE_POINTER + 4 || (bytes.get(U16, 0) & 0xffff) != MZ) {
      return sections;
    }
    long pe = Integer.toUnsignedLong(bytes.get(U32, PE_POINTER));
    if (pe > bytes.byteSize() - PE_HEADER || bytes.get(U32, pe) != PE_MAGIC) {
      return sections;
    }
    int count = Math.min(MAX_SECTIONS, Short.toUnsignedInt(bytes.get(U16, pe + 6)));
    long header = pe + PE_HEADER + Short.toUnsignedInt(bytes.get(U16, pe + 20));
    for (int i = 0; i < count && header <= bytes.byteSize() - SECTION; i++, header += SECTION) {
      long virtual = Integer.toUnsignedLong(bytes.get(U32, header + 8));
      long raw = Integer.toUnsignedLong(bytes.get(U32, header + 16));
      long length = virtual == 0 ? raw : Math.min(virtual, raw);
      long offset = Integer.toUnsignedLong(bytes.get(U32, header + 20));
      sections.add(new PeSection(name(bytes, header), offset, length));
    }
    return sections;
  }

  private static String name(MemorySegment bytes, long at) {
    byte[] name = bytes.asSlice(at, NAME).toArray(ValueLayout.JAVA_BYTE);
    return new String(name, StandardCharsets.ISO_8859_1).split("\0", 2)[0];
  }
}
