package org.kho4j.lab.guest;

import java.util.List;
import java.util.function.Function;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Releases;
import org.kho4j.abi.Structure;

/** The versions that a kernel writes, and the only ones that it reads. */
public record KernelVersions(KhoLayout kho, LuoVersion luo, MemfdVersion memfd) {

  /** The versions of a release, as {@code "7.1.8"}. */
  static KernelVersions of(String release) {
    return new KernelVersions(
        of(release, KhoLayout.all(), KhoLayout::releases),
        of(release, LuoVersion.ALL, LuoVersion::releases),
        of(release, MemfdVersion.ALL, MemfdVersion::releases));
  }

  private static <V> V of(String release, List<V> versions, Function<V, Releases> releases) {
    return versions.stream()
        .filter(version -> releases.apply(version).includes(release))
        .findFirst()
        .orElseThrow(() -> new LabFailure("Linux " + release + " has none of " + versions));
  }

  /** The most sessions of one handover. */
  public long maxSessions(PageSize pageSize) {
    return capacity(luo.sessionList(), pageSize);
  }

  /** The most files of one session. */
  public long maxFiles(PageSize pageSize) {
    return capacity(luo.fileList(), pageSize);
  }

  private static long capacity(Structure list, PageSize pageSize) {
    long entries = list.capacity(pageSize);
    return list.has(KhoBlock.COUNT) ? entries * KhoBlock.MAX_BLOCKS : entries;
  }
}
