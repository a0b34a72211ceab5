/**
 * Features of Linux: memory files, contiguous mappings of scattered memory, systemd's descriptor
 * store, and the Live Update Orchestrator's device.
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@link org.kho4j.linux.LinuxFile}: a file or memory file, its seals, holes, locks and
 *       mappings;
 *   <li>{@link org.kho4j.linux.LinuxMemory}: a whole file as writable memory;
 *   <li>{@link org.kho4j.linux.NotifySocket} and {@link org.kho4j.linux.ListenFds}: memory that
 *       systemd keeps while a service restarts;
 *   <li>{@link org.kho4j.linux.LiveUpdateDevice}: memory that comes over a kexec without systemd.
 * </ol>
 *
 * <p>Every failed call throws {@link org.kho4j.linux.LinuxException}, whose message names the file
 * and says what the errno means for that call.
 */
module org.kho4j.linux {
  requires transitive org.kho4j.memory;
  requires static org.jspecify;

  exports org.kho4j.linux;
}
