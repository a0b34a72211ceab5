package org.kho4j.lab.guest;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A connection to one of QEMU's sockets, whose reads end when the time is up. */
final class Remote implements AutoCloseable {

  private final SocketChannel channel;
  private final Selector selector;
  private final long deadline;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).flip();

  Remote(Path socket, long deadline) throws IOException {
    this.deadline = deadline;
    this.channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    this.selector = Selector.open();
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      close();
      throw e;
    }
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_READ);
  }

  void write(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  char read() throws IOException {
    while (!buffer.hasRemaining()) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0 || selector.select(left) == 0) {
        throw new LabFailure("the time is up: QEMU does not answer");
      }
      selector.selectedKeys().clear();
      buffer.clear();
      if (channel.read(buffer) < 0) {
        throw new EOFException("QEMU has ended");
      }
      buffer.flip();
    }
    return (char) (buffer.get() & 0xff);
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
