package org.kho4j.fleet;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The name of a file's content, by which equal contents are judged once: the SHA-256 of up to 64
 * MiB. A larger file would be read twice, so the SHA-256 is that of its path, size and time.
 */
final class InputDigest {

  static final long MAX_HASHED = 64L << 20;

  private static final int BUFFER = 1 << 16;

  private InputDigest() {}

  static InputFile of(InputFile file, Configuration conf) {
    try {
      MessageDigest digest = sha256();
      if (file.bytes() > MAX_HASHED) {
        String identity = "%s\n%d\n%d".formatted(file.path(), file.bytes(), file.modified());
        return file.withDigest(hex(digest.digest(identity.getBytes(StandardCharsets.UTF_8))));
      }
      Path path = new Path(file.path());
      byte[] buffer = new byte[BUFFER];
      try (InputStream in = path.getFileSystem(conf).open(path)) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, 0, read);
        }
      }
      return file.withDigest(hex(digest.digest()));
    } catch (IOException | RuntimeException e) {
      return file.withError(HostReader.sentence(e, file.path(), file.path()));
    }
  }

  /** The SHA-256 of texts, each with its length. */
  static String of(Iterable<String> texts) {
    MessageDigest digest = sha256();
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
      digest.update(bytes);
    }
    return hex(digest.digest());
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
