/** Physical memory, read by physical address, out of the files that hold it. */
@SuppressWarnings("module") // preflight and cli are compiled later
module org.kho4j.memory {
  requires static org.jspecify;

  exports org.kho4j.memory;
  exports org.kho4j.memory.mapped to
      org.kho4j.preflight;
  exports org.kho4j.memory.kdump to
      org.kho4j.preflight;
  exports org.kho4j.memory.unpacked to
      org.kho4j.preflight;
  exports org.kho4j.memory.zstd to
      org.kho4j.cli,
      org.kho4j.preflight;
}
