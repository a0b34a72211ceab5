/**
 * The binary contract of Linux Kexec Handover as data. Reads nothing, writes nothing, needs
 * nothing.
 */
module org.kho4j.abi {
  requires static org.jspecify;

  exports org.kho4j.abi;
}
