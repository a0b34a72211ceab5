package org.kho4j.cli.author;

/** A spec cannot be written as it stands. The message is a sentence that says where and why. */
public final class SpecException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  SpecException(String sentence) {
    super(sentence);
  }
}
