/** The binary contract of Linux Kexec Handover as data, without input or output. */
module org.kho4j.abi {
  requires static org.jspecify;

  exports org.kho4j.abi;
}
