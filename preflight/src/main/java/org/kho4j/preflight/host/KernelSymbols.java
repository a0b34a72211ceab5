package org.kho4j.preflight.host;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.kho4j.preflight.image.Feature;

/**
 * The virtual addresses of a few symbols, from {@code /proc/kallsyms}.
 *
 * @param addresses by the symbol's name; empty where the file hides them (kernel.kptr_restrict)
 * @param state whether the kernel has KHO
 */
record KernelSymbols(Map<String, Long> addresses, State state) {

  private static final String PLACE = "proc/kallsyms";

  /** Most lines: the largest kernels have half a million. */
  private static final int MAX_LINES = 1 << 22;

  /** The presence of KHO in a kernel. */
  enum State {
    /** The kernel lists a function that only KHO has. */
    THERE,
    /** The kernel lists functions, but not that function. */
    MISSING,
    /** The kernel does not list its functions. */
    UNKNOWN
  }

  KernelSymbols {
    addresses = Map.copyOf(addresses);
  }

  /** Looks for symbols; where the file cannot be read, it lists nothing. */
  static KernelSymbols read(HostFiles files) throws IOException {
    return files
        .read(PLACE, KernelSymbols::of)
        .orElseGet(() -> new KernelSymbols(Map.of(), State.UNKNOWN));
  }

  private static KernelSymbols of(Path path) throws IOException {
    Set<String> names = Arrays.stream(Name.values()).map(Name::symbol).collect(Collectors.toSet());
    Map<String, Long> found = new HashMap<>();
    State state = State.UNKNOWN;
    boolean hidden = true;
    try (BufferedReader lines = Files.newBufferedReader(path, StandardCharsets.ISO_8859_1)) {
      String line = lines.readLine();
      for (int count = 0; line != null && count < MAX_LINES; count++, line = lines.readLine()) {
        String[] words = line.split("[ \t]", 4);
        if (words.length < 3) {
          continue;
        }
        hidden &= isZero(words[0]);
        // Link-time optimisation appends a dot and more to the names of static symbols.
        int dot = words[2].indexOf('.');
        String name = dot < 0 ? words[2] : words[2].substring(0, dot);
        if (name.equals(Feature.KHO.function())) {
          state = State.THERE;
        } else if (state == State.UNKNOWN) {
          state = State.MISSING;
        }
        if (names.contains(name)) {
          found.putIfAbsent(name, address(path, words[0]));
        }
      }
    }
    return new KernelSymbols(hidden ? Map.of() : found, state);
  }

  private static boolean isZero(String address) {
    return address.chars().allMatch(digit -> digit == '0');
  }

  private static long address(Path path, String digits) throws IOException {
    try {
      return Long.parseUnsignedLong(digits, 16);
    } catch (NumberFormatException e) {
      throw new IOException(path + ": \"" + digits + "\" is no address", e);
    }
  }

  OptionalLong address(Name name) {
    Long address = addresses.get(name.symbol);
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** The wanted symbols, which exist since Linux 6.16. */
  enum Name {
    /** A structure that has a pointer to the outgoing root FDT. */
    OUT("kho_out"),
    /** A pointer to the array of scratch regions. */
    SCRATCH("kho_scratch"),
    /** The number of regions, 4 bytes. */
    SCRATCH_COUNT("kho_scratch_cnt"),
    /** One byte: whether KHO is on. */
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
