/** Physical memory, read by physical address from memory images. */
module org.kho4j.memory {
  requires transitive org.kho4j.files;
  requires static org.jspecify;

  exports org.kho4j.memory;
  exports org.kho4j.memory.image;
  exports org.kho4j.memory.running;
}
