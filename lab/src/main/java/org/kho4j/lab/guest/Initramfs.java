package org.kho4j.lab.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** An archive of the guest's first files: cpio, in the form that the kernel unpacks ("newc"). */
final class Initramfs {

  private static final int DIRECTORY = 0040755;
  private static final int EXECUTABLE = 0100755;
  private static final int ALIGNMENT = 4;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final Set<String> directories = new HashSet<>();
  private int files;

  Initramfs() {
    for (String directory : new String[] {"dev", "proc", "sys", "next", "tmp"}) {
      directory(directory);
    }
  }

  /** A file, and the directories that it is in. */
  Initramfs file(String path, byte[] content) {
    for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      directory(path.substring(0, slash));
    }
    entry(path, EXECUTABLE, content);
    return this;
  }

  private void directory(String path) {
    if (directories.add(path)) {
      entry(path, DIRECTORY, new byte[0]);
    }
  }

  byte[] toBytes() {
    entry("TRAILER!!!", 0, new byte[0]);
    return bytes.toByteArray();
  }

  private void entry(String path, int mode, byte[] content) {
    byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
    int[] fields = {++files, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0};
    StringBuilder head = new StringBuilder("070701");
    for (int field : fields) {
      head.append("%08x".formatted(field));
    }
    bytes.writeBytes(head.toString().getBytes(StandardCharsets.US_ASCII));
    bytes.writeBytes(name);
    pad();
    bytes.writeBytes(content);
    pad();
  }

  private void pad() {
    while (bytes.size() % ALIGNMENT != 0) {
      bytes.write(0);
    }
  }
}
