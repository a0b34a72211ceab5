/** Reads a kernel's handover and makes one. */
module example {
  requires org.kho4j.handover;
  requires org.kho4j.linux;
}
