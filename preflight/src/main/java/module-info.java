/** What a kernel image says about the versions and layouts of the contract that it speaks. */
module org.kho4j.preflight {
  requires transitive org.kho4j.abi;
  requires transitive org.kho4j.files;
  requires transitive org.kho4j.handover;
  requires transitive org.kho4j.memory;
  requires static org.jspecify;

  exports org.kho4j.preflight;
  exports org.kho4j.preflight.btf;
  exports org.kho4j.preflight.image;
}
