/** Judges before a jump whether the next kernel takes a handover, from kernel images and memory. */
module org.kho4j.preflight {
  requires transitive org.kho4j.abi;
  requires transitive org.kho4j.files;
  requires transitive org.kho4j.handover;
  requires transitive org.kho4j.memory;
  requires transitive org.kho4j.verify;
  requires static org.jspecify;

  exports org.kho4j.preflight;
  exports org.kho4j.preflight.btf;
  exports org.kho4j.preflight.host;
  exports org.kho4j.preflight.image;
}
