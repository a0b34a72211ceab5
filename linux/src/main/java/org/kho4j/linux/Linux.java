package org.kho4j.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Properties of the host: whether it supports this module, page size, limits and free memory. */
public final class Linux {

  private static final int DEFAULT_MAX_MAP_COUNT = 65_530;

  private Linux() {}

  /** Returns whether the module supports this host: Linux on x86-64 or arm64. */
  public static boolean isSupported() {
    return System.getProperty("os.name", "").equals("Linux") && (isX86() || isArm());
  }

  /** Returns the host's page size in bytes. Mappings begin and end on its multiples. */
  public static int pageSize() {
    return PageSizeHolder.BYTES;
  }

  /** Returns the maximum number of mappings of a process: the sysctl vm.max_map_count. */
  public static int maxMapCount() {
    // Files.readString asks a file of size 0 for one byte first, and a sysctl answers one read only
    try (InputStream in = Files.newInputStream(Path.of("/proc/sys/vm/max_map_count"))) {
      return Integer.parseInt(new String(in.readNBytes(32), US_ASCII).strip());
    } catch (IOException | NumberFormatException _) {
      return DEFAULT_MAX_MAP_COUNT;
    }
  }

  /**
   * Returns the bytes of memory that can still be used: the host's available memory, or the rest of
   * the limit of this process's control groups, whichever is less.
   */
  public static long availableMemory() {
    return Math.min(hostMemory(), ControlGroup.ofThisProcess().availableMemory());
  }

  private static long hostMemory() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemAvailable:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
        }
      }
    } catch (IOException _) {
      // without /proc nothing is known, and nothing is refused
    }
    return Long.MAX_VALUE;
  }

  /** Returns the user id with which files are opened. */
  public static int effectiveUser() {
    checkSupported();
    return SystemCalls.effectiveUser();
  }

  static void checkSupported() {
    if (!isSupported()) {
      throw new UnsupportedOperationException(
          "this needs Linux on x86-64 or arm64; the host is %s on %s"
              .formatted(System.getProperty("os.name"), System.getProperty("os.arch")));
    }
  }

  static boolean isArm() {
    return System.getProperty("os.arch", "").equals("aarch64");
  }

  private static boolean isX86() {
    return System.getProperty("os.arch", "").equals("amd64");
  }

  private static final class PageSizeHolder {
    private static final int AT_PAGESZ = 6;

    /** A multiple of every page size that a supported host can have. */
    private static final int LARGEST = 1 << 16;

    static final int BYTES = read();

    /**
     * Reads the auxiliary vector, which the kernel passes to a new process: pairs of a type and a
     * value.
     */
    private static int read() {
      checkSupported();
      try (InputStream in = Files.newInputStream(Path.of("/proc/self/auxv"))) {
        ByteBuffer vector = ByteBuffer.wrap(in.readNBytes(4096)).order(ByteOrder.nativeOrder());
        while (vector.remaining() >= 2 * Long.BYTES) {
          long type = vector.getLong();
          long value = vector.getLong();
          if (type == AT_PAGESZ) {
            return (int) value;
          }
        }
      } catch (IOException _) {
        // A process that may not be inspected, not even by itself.
      }
      return LARGEST;
    }
  }
}
