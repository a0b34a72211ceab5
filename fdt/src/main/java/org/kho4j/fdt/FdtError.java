package org.kho4j.fdt;

/** The possible errors of a flattened device tree. */
public enum FdtError {
  TRUNCATED("the blob ends before the structure does"),
  BAD_MAGIC("the blob does not start with 0xd00dfeed"),
  BAD_VERSION("the blob's version cannot be read by a version 17 reader"),
  BAD_LAYOUT("the header's blocks overlap, are misaligned or lie outside of the blob"),
  BAD_TAG("a token is none of the five that exist, or stands where it must not"),
  BAD_NAME("a node or property name is missing, unterminated or outside of the strings block"),
  BAD_NESTING("nodes are not closed, closed twice, too deep, or more than one is at the root"),
  BAD_PROPERTY("a property lies outside of a node or reaches beyond the structure block"),
  DUPLICATE("a name stands twice among its siblings"),
  BAD_VALUE("a property's value is not what its reader asked for"),
  NO_SPACE("the buffer that is written to has no room left");

  private final String sentence;

  FdtError(String sentence) {
    this.sentence = sentence;
  }

  public String sentence() {
    return sentence;
  }
}
