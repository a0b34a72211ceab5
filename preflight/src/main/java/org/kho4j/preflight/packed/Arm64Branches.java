package org.kho4j.preflight.packed;

/**
 * Undoes the filter that xz puts before LZMA2 for arm64: it has made the relative targets of {@code
 * bl}, and of {@code adrp} within 512 MiB, absolute.
 */
final class Arm64Branches implements BranchFilter {

  private int position;

  @Override
  public int undo(byte[] bytes, int length) {
    int done = length & ~3;
    for (int i = 0; i < done; i += 4) {
      int instruction = X86Branches.get(bytes, i);
      int at = position + i;
      if (instruction >>> 26 == 0x25) {
        X86Branches.put(bytes, i, 0x94000000 | ((instruction - (at >>> 2)) & 0x3ffffff));
      } else if ((instruction & 0x9f000000) == 0x90000000) {
        int page = (instruction >>> 29 & 3) | (instruction >>> 3 & 0x1ffffc);
        if (((page + 0x20000) & 0x1c0000) == 0) {
          X86Branches.put(bytes, i, adrp(instruction & 0x9000001f, page - (at >>> 12)));
        }
      }
    }
    position += done;
    return done;
  }

  private static int adrp(int instruction, int page) {
    return instruction | (page & 3) << 29 | (page & 0x3fffc) << 3 | (-(page & 0x20000) & 0xe00000);
  }
}
