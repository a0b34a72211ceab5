package org.kho4j.cli.output;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Which kho this is. */
public final class Version {

  private Version() {}

  /** Version of kho4j and of the JDK that runs it. */
  public static String line() throws IOException {
    return "kho " + number() + " (Java " + Runtime.version() + ")";
  }

  /** Version of kho4j. */
  public static String number() throws IOException {
    try (InputStream in = Version.class.getResourceAsStream("version.txt")) {
      return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }
}
