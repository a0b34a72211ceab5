package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.kho4j.abi.LuoFeatures;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * A header of feature bits, which replaces a version in development trees.
 *
 * @param supported by the writer
 * @param required of a reader
 * @param active in use
 */
public record FeatureHeader(long supported, long required, long active) {

  /** Reads a header without checking its bits. */
  public static FeatureHeader read(StructureView header) {
    return new FeatureHeader(
        header.get(LuoFeatures.SUPP), header.get(LuoFeatures.REQ), header.get(LuoFeatures.ACTIVE));
  }

  /** Writes a header of which all features are supported, required and active. */
  public static void write(StructureView header, long features) {
    header.set(LuoFeatures.SUPP, features);
    header.set(LuoFeatures.REQ, features);
    header.set(LuoFeatures.ACTIVE, features);
  }

  /**
   * Reads a plausible header: some feature is supported, all required and active features are
   * supported, and the reserved bytes are 0. Empty for other bytes.
   */
  public static Optional<FeatureHeader> find(StructureView header) {
    FeatureHeader read = read(header);
    MemorySegment reserved =
        header
            .bytes()
            .asSlice(0, LuoFeatures.STRUCTURE.headerSize())
            .asSlice(LuoFeatures.RESERVED.offset());
    return Optional.of(read)
        .filter(it -> it.supported != 0 && ((it.required | it.active) & ~it.supported) == 0)
        .filter(
            _ -> reserved.mismatch(MemorySegment.ofArray(new byte[(int) reserved.byteSize()])) < 0);
  }

  /**
   * Checks that all required features are known.
   *
   * @throws org.kho4j.handover.wire.HandoverException of a newer contract, if one is not
   */
  public void requireKnown(long known, Where where, long address) {
    if ((required & ~known) != 0) {
      throw where.newer(
          address,
          "features required 0x%x, of which 0x%x are unknown"
              .formatted(required, required & ~known));
    }
  }

  /** Returns the features that either of two writers supports, requires and uses. */
  public FeatureHeader or(FeatureHeader other) {
    return new FeatureHeader(
        supported | other.supported, required | other.required, active | other.active);
  }

  /** {@code "features required 0x7"}, and the other two where they differ. */
  @Override
  public String toString() {
    String text = "features required 0x" + Long.toHexString(required);
    return active == required && supported == required
        ? text
        : text + ", active 0x%x, supported 0x%x".formatted(active, supported);
  }
}
