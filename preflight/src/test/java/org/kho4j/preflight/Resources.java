package org.kho4j.preflight;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** What src/test/kernel/make.sh built. */
public final class Resources {

  private Resources() {}

  public static byte[] bytes(String name) {
    try (InputStream in = Resources.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalArgumentException("no resource " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
