/** The lab: real kernels under QEMU as judge of what kho4j reads and writes. */
module org.kho4j.lab {
  requires com.github.luben.zstd_jni;
  requires org.kho4j.damage;
  requires org.kho4j.handover;
  requires org.kho4j.verify;
  requires tools.jackson.databind;
  requires static org.jspecify;
}
