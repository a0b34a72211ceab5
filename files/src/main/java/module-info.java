/** Regular files, mapped to be read; packed ones are unpacked first. */
module org.kho4j.files {
  requires com.github.luben.zstd_jni;
  requires org.tukaani.xz;
  requires static org.jspecify;

  exports org.kho4j.files;
  exports org.kho4j.files.packed;
}
