/** Physical memory, read by physical address, out of the files that hold it. */
module org.kho4j.memory {
  requires static org.jspecify;

  exports org.kho4j.memory;
}
