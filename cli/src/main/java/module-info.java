/** The kho command. */
module org.kho4j.cli {
  requires com.github.luben.zstd_jni;
  requires info.picocli;
  requires org.kho4j.handover;
  requires org.kho4j.linux;
  requires org.kho4j.preflight;
  requires org.kho4j.verify;
  requires org.kho4j.warm;
  requires org.tukaani.xz;
  requires tools.jackson.core;
  requires static org.jspecify;
}
