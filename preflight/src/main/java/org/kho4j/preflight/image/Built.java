package org.kho4j.preflight.image;

/**
 * The presence of a {@link Feature} in a kernel, with the evidence.
 *
 * @param state the answer
 * @param evidence a phrase with the evidence
 */
public record Built(State state, String evidence) {

  /** The presence of a feature in a kernel. */
  public enum State {
    /** The feature is built into the image. */
    YES,
    /** The feature is a module, and works once that is loaded. */
    MODULE,
    NO,
    /** The image has no evidence. */
    UNKNOWN
  }
}
