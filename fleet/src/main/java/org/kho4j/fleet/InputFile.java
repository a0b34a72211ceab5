package org.kho4j.fleet;

import java.io.Serializable;

/**
 * A file of the input.
 *
 * @param path with its file system
 * @param bytes its size
 * @param modified in milliseconds since 1970
 * @param digest names its content: see {@link InputDigest}; empty while it is unknown
 * @param error why it cannot be read; empty where it can
 */
record InputFile(String path, long bytes, long modified, String digest, String error)
    implements Serializable {

  InputFile withDigest(String known) {
    return new InputFile(path, bytes, modified, known, error);
  }

  InputFile withError(String sentence) {
    return new InputFile(path, bytes, modified, digest, sentence);
  }
}
