package org.kho4j.fleet;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.kho4j.cli.extract.Sha256;

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
      Sha256 digest = new Sha256();
      if (file.bytes() > MAX_HASHED) {
        update(digest, "%s\n%d\n%d".formatted(file.path(), file.bytes(), file.modified()));
        return file.withDigest(digest.hex());
      }
      Path path = new Path(file.path());
      byte[] buffer = new byte[BUFFER];
      try (InputStream in = path.getFileSystem(conf).open(path)) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, read);
        }
      }
      return file.withDigest(digest.hex());
    } catch (IOException | RuntimeException e) {
      return file.withError(HostReader.sentence(e, file.path(), file.path()));
    }
  }

  /** The SHA-256 of texts, each with its length. */
  static String of(Iterable<String> texts) {
    Sha256 digest = new Sha256();
    for (String text : texts) {
      update(digest, text.getBytes(StandardCharsets.UTF_8).length + ":");
      update(digest, text);
    }
    return digest.hex();
  }

  private static void update(Sha256 digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(bytes, bytes.length);
  }
}
