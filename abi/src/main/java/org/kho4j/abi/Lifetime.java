package org.kho4j.abi;

/**
 * The kind of memory that holds a structure, and how long the structure stays readable.
 *
 * @param kind how it gets to the next kernel
 * @param order order of the block that preserves it; -1 where there is none of its own, or where it
 *     is not known
 * @param written when the writing kernel has it complete
 * @param freed who frees it, and when
 */
public record Lifetime(Kind kind, int order, String written, String freed) {

  /** How a structure's memory gets to the next kernel. */
  public enum Kind {
    /** It is a preservation of its own in the map. */
    PRESERVED("preserved"),
    /** It is part of another structure's memory, or of a vmalloc area's pages. */
    PART("part of another structure"),
    /**
     * It is not in the map. It survives because the next kernel allocates from scratch memory alone
     * until it has read it; afterwards it is free memory.
     */
    UNTIL_READ("not preserved"),
    /** It travels as a segment of the kexec image or in the boot parameters. */
    BOOT("boot data");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  static Lifetime block(int order, String written, String freed) {
    return new Lifetime(Kind.PRESERVED, order, written, freed);
  }

  static Lifetime partOf(String owner) {
    return new Lifetime(Kind.PART, -1, "with " + owner, "with " + owner);
  }

  static Lifetime untilRead(String written, String freed) {
    return new Lifetime(Kind.UNTIL_READ, -1, written, freed);
  }

  static Lifetime boot(String written, String freed) {
    return new Lifetime(Kind.BOOT, -1, written, freed);
  }

  /** {@code "preserved, order 0"}, {@code "not preserved"}, … */
  @Override
  public String toString() {
    return order < 0 ? kind.label : kind.label + ", order " + order;
  }
}
