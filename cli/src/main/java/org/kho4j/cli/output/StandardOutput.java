package org.kho4j.cli.output;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Marks what goes wrong with the command's own output, which distinguishes it from a failing
 * source.
 */
final class StandardOutput extends OutputStream {

  private final OutputStream target;

  StandardOutput(OutputStream target) {
    this.target = target;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      target.write(bytes, offset, length);
    } catch (IOException e) {
      throw new OutputException(e);
    }
  }
}
