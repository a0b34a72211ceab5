/** Reads a kernel's handover and makes one. */
module example {
  requires com.github.luben.zstd_jni;
  requires org.kho4j.handover;
  requires org.kho4j.linux;
}
