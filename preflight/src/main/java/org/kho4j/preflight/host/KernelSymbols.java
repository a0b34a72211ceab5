package org.kho4j.preflight.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.kho4j.preflight.HostFiles;

/**
 * Virtual addresses of a few symbols, out of {@code /proc/kallsyms}.
 *
 * @param addresses by the symbol's name
 * @param data whether the file lists symbols of data, as with CONFIG_KALLSYMS_ALL
 * @param hidden whether the file hides the addresses (kernel.kptr_restrict)
 */
record KernelSymbols(Map<String, Long> addresses, boolean data, boolean hidden) {

  private static final String PLACE = "proc/kallsyms";

  /** The kernels' largest lists have half a million lines. */
  private static final int MAX_LINES = 1 << 22;

  /** Types of symbols of data: initialised, zero, read-only, in either case of the letter. */
  private static final String DATA_TYPES = "dDbBrR";

  KernelSymbols {
    addresses = Map.copyOf(addresses);
  }

  /** Looks for symbols; where the file cannot be read, it lists nothing. */
  static KernelSymbols read(HostFiles files, Set<String> names) throws IOException {
    return files
        .read(PLACE, path -> of(path, names))
        .orElseGet(() -> new KernelSymbols(Map.of(), false, false));
  }

  private static KernelSymbols of(Path path, Set<String> names) throws IOException {
    Map<String, Long> found = new HashMap<>();
    boolean data = false;
    boolean hidden = true;
    try (BufferedReader lines = Files.newBufferedReader(path, StandardCharsets.ISO_8859_1)) {
      String line = lines.readLine();
      for (int count = 0; line != null && count < MAX_LINES; count++, line = lines.readLine()) {
        String[] words = line.split("[ \t]", 4);
        if (words.length < 3) {
          continue;
        }
        hidden &= isZero(words[0]);
        data |= DATA_TYPES.contains(words[1]);
        // Link-time optimisation appends a dot and a number to the names of static symbols.
        String name = words[2].replaceFirst("\\..*", "");
        if (names.contains(name)) {
          found.putIfAbsent(name, address(words[0]));
        }
      }
    }
    return new KernelSymbols(hidden ? Map.of() : found, data, hidden);
  }

  private static boolean isZero(String address) {
    return address.chars().allMatch(digit -> digit == '0');
  }

  private static long address(String digits) throws IOException {
    try {
      return Long.parseUnsignedLong(digits, 16);
    } catch (NumberFormatException e) {
      throw new IOException("/" + PLACE + ": \"" + digits + "\" is no address", e);
    }
  }

  OptionalLong address(Name name) {
    Long address = addresses.get(name.symbol);
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** Symbols that are looked for. Since Linux 6.16. */
  enum Name {
    /** A structure that has a pointer to the outgoing root FDT. */
    OUT("kho_out"),
    /** A pointer to the array of scratch regions. */
    SCRATCH("kho_scratch"),
    /** How many regions there are, 4 bytes. */
    SCRATCH_COUNT("kho_scratch_cnt"),
    /** Whether KHO is on, a byte. */
    ENABLED("kho_enable");

    private final String symbol;

    Name(String symbol) {
      this.symbol = symbol;
    }

    String symbol() {
      return symbol;
    }
  }
}
