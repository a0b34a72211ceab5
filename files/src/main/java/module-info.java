/**
 * Mapped regular files; compressed files are decompressed first.
 *
 * <p>zstd is read with {@code com.github.luben.zstd_jni}, xz and lzma with {@code org.tukaani.xz}.
 * Both are optional: a program that reads such files requires the module of the library itself.
 */
module org.kho4j.files {
  requires static com.github.luben.zstd_jni;
  requires static org.tukaani.xz;
  requires static org.jspecify;

  exports org.kho4j.files;
  exports org.kho4j.files.packed;
}
