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

  private InputDigest() {}

  /** The file with its digest, or with the reason why it cannot be read. */
  static InputFile of(InputFile file, Configuration conf) {
    if (!file.error().isEmpty()) {
      return file;
    }
    try {
      Sha256 digest = new Sha256();
      if (file.bytes() > MAX_HASHED) {
        String identity = "%s\n%d\n%d".formatted(file.path(), file.bytes(), file.modified());
        digest.update(identity.getBytes(StandardCharsets.UTF_8));
        return file.withDigest(digest.hex());
      }
      Path path = new Path(file.path());
      try (InputStream in = path.getFileSystem(conf).open(path)) {
        digest.update(in);
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
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
      digest.update(bytes);
    }
    return digest.hex();
  }
}
