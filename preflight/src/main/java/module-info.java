/** Predicts from kernel images and memory whether the next kernel accepts a handover. */
module org.kho4j.preflight {
  requires transitive org.kho4j.abi;
  requires transitive org.kho4j.files;
  requires transitive org.kho4j.handover;
  requires transitive org.kho4j.memory;
  requires transitive org.kho4j.verify;
  requires static org.jspecify;

  exports org.kho4j.preflight;
  exports org.kho4j.preflight.boot;
  exports org.kho4j.preflight.btf;
  exports org.kho4j.preflight.diff;
  exports org.kho4j.preflight.host;
  exports org.kho4j.preflight.image;
  exports org.kho4j.preflight.layout;
  exports org.kho4j.preflight.outgoing;
  exports org.kho4j.preflight.part;
  exports org.kho4j.preflight.profile;
}
