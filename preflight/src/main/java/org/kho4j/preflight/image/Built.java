package org.kho4j.preflight.image;

/**
 * Whether a kernel has a {@link Feature}.
 *
 * @param state the answer
 * @param evidence a phrase that says what shows it
 */
public record Built(State state, String evidence) {

  /** Whether a kernel has a feature. */
  public enum State {
    /** The feature is built into the image. */
    YES,
    /** As a module: it works once that is loaded. */
    MODULE,
    NO,
    /** The image has no evidence. */
    UNKNOWN
  }
}
