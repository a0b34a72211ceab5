package org.kho4j.fdt;

/** The possible errors of a flattened device tree. */
public enum FdtError {
  TRUNCATED("the blob ends before the structure does"),
  BAD_MAGIC("the blob does not start with 0xd00dfeed"),
  BAD_VERSION("the blob's version cannot be read by a version 17 reader"),
  BAD_LAYOUT("the header's blocks overlap, are misaligned or are outside of the blob"),
  BAD_TAG("a token is unknown, or in a wrong place"),
  BAD_NAME("a node or property name is missing, unterminated or outside of the strings block"),
  BAD_NESTING("nodes are not closed, closed twice, too deep, or more than one is at the root"),
  BAD_PROPERTY("a property is outside of a node or extends beyond the structure block"),
  DUPLICATE("two siblings have the same name"),
  BAD_VALUE("a property's value does not have the requested type"),
  NO_SPACE("the output buffer is too small");

  private final String sentence;

  FdtError(String sentence) {
    this.sentence = sentence;
  }

  public String sentence() {
    return sentence;
  }
}
