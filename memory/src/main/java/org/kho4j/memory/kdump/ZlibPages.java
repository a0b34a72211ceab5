package org.kho4j.memory.kdump;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.kho4j.files.packed.PageCodec;

/** zlib (RFC 1950), by the JDK's {@link Inflater}, which checks the Adler-32 of a page. */
final class ZlibPages implements PageCodec {

  private final Inflater inflater = new Inflater();
  private final byte[] beyond = new byte[1];

  @Override
  public int decompress(byte[] in, int length, byte[] page) throws DataFormatException {
    inflater.reset();
    inflater.setInput(in, 0, length);
    int made;
    int more;
    try {
      made = inflater.inflate(page);
      // A page may be full before the end of its stream is read.
      more = inflater.finished() ? 0 : inflater.inflate(beyond);
    } catch (DataFormatException e) {
      throw new DataFormatException("zlib: " + e.getMessage());
    }
    if (more > 0) {
      throw new DataFormatException("it decompresses to more than " + page.length + " bytes");
    }
    if (!inflater.finished()) {
      throw new DataFormatException(
          inflater.needsDictionary()
              ? "its zlib stream needs a dictionary"
              : "its zlib stream is cut off");
    }
    if (inflater.getRemaining() > 0) {
      throw new DataFormatException(
          "its zlib stream ends " + inflater.getRemaining() + " bytes early");
    }
    return made;
  }

  @Override
  public void decodeBeginning(byte[] in, int length, int pageSize, byte[] beginning)
      throws DataFormatException {
    inflater.reset();
    inflater.setInput(in, 0, length);
    int made = 0;
    try {
      for (int more = 1; more > 0 && made < beginning.length; made += more) {
        more = inflater.inflate(beginning, made, beginning.length - made);
      }
    } catch (DataFormatException e) {
      throw new DataFormatException("zlib: " + e.getMessage());
    }
    PageCodec.requireMade(made, beginning);
  }

  @Override
  public void close() {
    inflater.end();
  }
}
