package org.kho4j.preflight.outgoing;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

/** Makes the profile of a kernel that is known only by its handover. */
public final class HandoverProfile {

  private HandoverProfile() {}

  /**
   * Returns the profile that follows from a handover.
   *
   * @param source its name for people
   * @param release of the kernel, if the handover has that
   * @param form of the preserved map, if that is known
   * @param used the versions of each part in use, by the names of the parts
   * @param possible as in {@link HandoverContent#possible}
   */
  public static Profile of(
      String source,
      Optional<String> release,
      Architecture architecture,
      PageSize pageSize,
      Optional<MapForm> form,
      Map<String, Support> used,
      Set<String> possible) {
    Map<String, Support> parts = new HashMap<>(used);
    if (possible.contains(Part.MEMFD.name())) {
      parts.putIfAbsent(Part.MEMFD.name(), Support.unknown("there are no files yet"));
    }
    for (Part part : Part.ALL) {
      parts.putIfAbsent(part.name(), Support.no("nothing of it is handed over"));
    }
    return new Profile(
        source,
        release.filter(name -> !name.isEmpty()),
        architecture,
        Optional.of(pageSize),
        parts,
        Optional.empty(),
        Optional.of(ClaimedLayouts.ofHandover(parts, pageSize, form)),
        form.map(known -> known.radixConstants(pageSize)).orElse(Map.of()),
        Optional.empty(),
        Optional.empty());
  }

  /** Returns the architecture of kernels with a page size, if there is only one. */
  public static Architecture architecture(PageSize pageSize) {
    return pageSize == PageSize.SIZE_4K ? Architecture.UNKNOWN : Architecture.ARM64;
  }
}
