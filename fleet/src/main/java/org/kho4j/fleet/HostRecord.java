package org.kho4j.fleet;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * The handover of a host.
 *
 * @param digest names the content
 * @param kind {@code memory}, {@code inspect} for a document of {@code kho inspect}, or {@code
 *     kernel} for a profile or an image, which hands over all that it can
 * @param release of the kernel that hands over; empty where it is not known
 * @param versions that are handed over, or that the kernel speaks
 * @param preservedBytes of the preserved map
 * @param owners bytes by the top structure that owns them, of a memory image alone
 * @param reservations by name, with their sizes
 * @param findings of {@code kho verify} by rule, of a memory image alone
 * @param errors findings of severity error
 * @param readBytes of the file: all of one that is local or was copied; of one that was read by
 *     ranges, what was read; 0 of one that cannot be read
 * @param notes what could not be read, and what else to know
 * @param error why the file cannot be judged; empty where it can
 * @param cells the verdicts, by the order of the kernels
 */
record HostRecord(
    String digest,
    String kind,
    String release,
    List<String> versions,
    long preservedBytes,
    Map<String, Long> owners,
    long sessions,
    Map<String, Long> reservations,
    Map<String, Long> findings,
    long errors,
    long readBytes,
    List<String> notes,
    String error,
    List<Cell> cells)
    implements Serializable {

  HostRecord {
    versions = List.copyOf(versions);
    notes = List.copyOf(notes);
    cells = List.copyOf(cells);
  }

  /** A content that cannot be read. */
  static HostRecord unreadable(String digest, String error) {
    return new HostRecord(
        digest, "", "", List.of(), 0, Map.of(), 0, Map.of(), Map.of(), 0, 0, List.of(), error,
        List.of());
  }
}
