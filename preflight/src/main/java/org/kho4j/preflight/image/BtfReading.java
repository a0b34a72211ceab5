package org.kho4j.preflight.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.PageSize;
import org.kho4j.files.MalformedImageException;
import org.kho4j.preflight.btf.Btf;
import org.kho4j.preflight.btf.BtfStruct;

/** Reads the facts about a kernel that BTF alone has. */
final class BtfReading {

  private BtfReading() {}

  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= 2
        && bytes.get(ValueLayout.JAVA_BYTE, 0) == (byte) 0x9f
        && bytes.get(ValueLayout.JAVA_BYTE, 1) == (byte) 0xeb;
  }

  /** Returns the BTF in a kernel. */
  static Btf at(MemorySegment bytes, long offset, long length, String where)
      throws MalformedImageException {
    return Btf.parse(
        bytes.asSlice(offset, length), where + ": the BTF at offset 0x" + Long.toHexString(offset));
  }

  /**
   * Returns the BTF of a kernel without sections: the largest at the candidate places; the BPF
   * programs that are built into a kernel have small BTF of their own.
   */
  static Optional<Btf> largest(MemorySegment bytes, List<Long> candidates, String where) {
    Optional<Btf> largest = Optional.empty();
    for (long at : candidates) {
      try {
        Btf btf = at(bytes, at, Btf.length(bytes.asSlice(at)), where);
        if (largest.isEmpty() || btf.typeCount() > largest.get().typeCount()) {
          largest = Optional.of(btf);
        }
      } catch (MalformedImageException e) {
        // The same bytes for another reason.
      }
    }
    return largest;
  }

  static KernelImage alone(
      Path path, String where, Optional<String> compression, MemorySegment bytes)
      throws MalformedImageException {
    Btf btf = at(bytes, 0, bytes.byteSize(), where);
    Architecture architecture = architecture(btf);
    return new KernelImage(
        path,
        KernelImage.Form.BTF,
        compression,
        architecture,
        Optional.empty(),
        pageSize(architecture, btf),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(btf),
        Optional.empty(),
        Optional.empty());
  }

  /** Finds the architecture by the structure of a process's saved registers. */
  private static Architecture architecture(Btf btf) throws MalformedImageException {
    Optional<BtfStruct> registers = btf.struct("pt_regs");
    if (registers.isEmpty()) {
      return Architecture.UNKNOWN;
    }
    if (registers.get().field("orig_ax").isPresent()) {
      return Architecture.X86_64;
    }
    if (registers.get().field("badaddr").isPresent()) {
      return Architecture.RISCV64;
    }
    return registers.get().field("pstate").isPresent() ? Architecture.ARM64 : Architecture.UNKNOWN;
  }

  /** Finds the page size: x86-64 has only one; otherwise a chunk of a vmalloc area fills a page. */
  static Optional<Found<PageSize>> pageSize(Architecture architecture, Btf btf)
      throws MalformedImageException {
    if (architecture == Architecture.X86_64) {
      return Optional.of(new Found<>(PageSize.SIZE_4K, "x86-64 has no other"));
    }
    Optional<BtfStruct> chunk = btf.struct("kho_vmalloc_chunk");
    return chunk
        .flatMap(struct -> PageSize.ofBytes(struct.size()))
        .map(size ->
            new Found<>(
                size,
                "struct kho_vmalloc_chunk, which fills a page, has %d bytes in its BTF"
                    .formatted(size.bytes())));
  }
}
