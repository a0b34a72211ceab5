/** The rules for a valid handover, each with what a real kernel does when it is broken. */
module org.kho4j.verify {
  requires transitive org.kho4j.handover;
  requires tools.jackson.core;
  requires static org.jspecify;

  exports org.kho4j.verify;
  exports org.kho4j.verify.result;
  exports org.kho4j.verify.systemd;
}
