/**
 * State that survives the JVM: named regions of off-heap memory in a file, or in a memory file that
 * systemd keeps across restarts, crashes and kexecs.
 *
 * <p>Read {@link org.kho4j.warm.WarmStore} first, then {@link org.kho4j.warm.Region}, {@link
 * org.kho4j.warm.Transaction} and {@link org.kho4j.warm.SystemdStore}. A store's bytes are a
 * handover of the newest contract, at offsets instead of physical addresses, with the {@link
 * org.kho4j.warm.WarmDirectory} as its subtree, so every tool that reads handovers reads stores.
 */
module org.kho4j.warm {
  requires transitive org.kho4j.handover;
  requires transitive org.kho4j.linux;
  requires static org.jspecify;

  exports org.kho4j.warm;
}
