package org.kho4j.lab.guest;

import java.io.IOException;
import java.nio.file.Path;

/**
 * QEMU's debugger, by gdb's remote serial protocol: stops a guest where an instruction is reached.
 */
final class Debugger implements AutoCloseable {

  private final Remote remote;

  /** Connects, which stops the guest. */
  Debugger(Path socket, long deadline) throws IOException {
    this.remote = new Remote(socket, deadline);
  }

  /** Sets a breakpoint, and lets the guest go on. */
  void runTo(long address) throws IOException {
    require("Z1,%x,1".formatted(address));
    send("c");
  }

  /** From one breakpoint, where the guest stands, to another. */
  void goOn(long from, long to) throws IOException {
    require("z1,%x,1".formatted(from));
    runTo(to);
    awaitStop();
  }

  /** Waits until the guest stands at the breakpoint. */
  void awaitStop() throws IOException {
    String answer = receive();
    if (!answer.startsWith("T05") && !answer.startsWith("S05")) {
      throw new LabFailure("the guest did not reach the breakpoint: " + answer);
    }
  }

  /** Takes the breakpoint away, lets the guest go on, and disconnects. */
  void release(long address) throws IOException {
    require("z1,%x,1".formatted(address));
    send("D");
    close();
  }

  private void require(String command) throws IOException {
    send(command);
    String answer = receive();
    while (answer.startsWith("T")) {
      // That the guest stopped when we connected.
      answer = receive();
    }
    if (!answer.equals("OK")) {
      throw new LabFailure("QEMU's debugger answers \"%s\" to %s".formatted(answer, command));
    }
  }

  private void send(String command) throws IOException {
    remote.write("$%s#%02x".formatted(command, command.chars().sum() & 0xff));
  }

  private String receive() throws IOException {
    char c;
    do {
      c = remote.read();
    } while (c != '$');
    StringBuilder answer = new StringBuilder();
    for (c = remote.read(); c != '#'; c = remote.read()) {
      answer.append(c);
    }
    remote.read();
    remote.read();
    remote.write("+");
    return answer.toString();
  }

  @Override
  public void close() throws IOException {
    remote.close();
  }
}
