/** Handovers that are broken in one place, for the tests of verify and for the lab. */
module org.kho4j.damage {
  requires transitive org.kho4j.handover;
  requires static org.jspecify;

  exports org.kho4j.damage;
}
