package org.kho4j.memory;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * Describes the source of physical memory: its path, form and size.
 *
 * @param path the file that was opened, as the caller named it
 * @param kind the form of the memory image, found by content
 * @param bytes size of the image in bytes: of the file, or of what the file decompresses to when it
 *     is packed as a whole
 * @param machine the machine, as far as the image records it
 * @param pageSize page size in bytes, if the image records it (kdump does, an ELF core only by a
 *     VMCOREINFO note)
 * @param notes further facts about the image for a user, a sentence each
 */
public record MemorySource(
    Path path, Kind kind, long bytes, Machine machine, OptionalInt pageSize, List<String> notes) {

  public MemorySource {
    notes = List.copyOf(notes);
  }

  /** Creates a source without notes. */
  public MemorySource(Path path, Kind kind, long bytes, Machine machine, OptionalInt pageSize) {
    this(path, kind, bytes, machine, pageSize, List.of());
  }

  /** The form of a memory image. */
  public enum Kind {
    RAW("raw"),
    ELF("elf"),
    KDUMP("kdump"),
    LIME("lime");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** Returns the form's name in options and output. */
    public String label() {
      return label;
    }
  }

  /** The architecture of the machine whose memory it is. */
  public enum Machine {
    X86_64,
    AARCH64,
    /** The image does not record the machine, or names one without KHO. */
    UNKNOWN
  }
}
