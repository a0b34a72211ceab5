package org.kho4j.files.packed;

import com.github.luben.zstd.util.Native;
import java.io.IOException;

/** The native library of zstd-jni, which unpacks it into a temporary directory to load it. */
final class ZstdLibrary {

  private ZstdLibrary() {}

  /**
   * Loads the library, once.
   *
   * @throws IOException if it cannot be unpacked or loaded; the message has the remedy
   */
  static void load() throws IOException {
    try {
      Native.load();
    } catch (NoClassDefFoundError missing) {
      throw missing;
    } catch (LinkageError | IllegalCallerException e) {
      String wayOut =
          System.getProperty("ZstdNativePath") == null
              ? "-DZstdTempFolder=DIR names a directory to unpack it into where programs may run"
              : "-DZstdNativePath=FILE names another copy of it";
      throw new IOException(
          "zstd cannot be read, because its native library cannot be loaded: %s (%s)"
              .formatted(String.valueOf(e.getMessage()).lines().findFirst().orElse(""), wayOut),
          e);
    }
  }
}
