package org.kho4j.handover.handmade;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.kho4j.handover.wire.HandoverException;

/** What a failure says: path, address and message in one, so that a test asserts all three. */
public final class Sentences {

  private Sentences() {}

  public static String sentenceOf(ThrowingCallable failing) {
    return catchThrowableOfType(HandoverException.class, failing).getMessage();
  }
}
