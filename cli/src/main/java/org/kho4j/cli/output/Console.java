package org.kho4j.cli.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The output streams of a run of the command: data go to {@code out}, everything else to {@code
 * err}.
 *
 * @param out takes data; not buffered, whoever writes to it writes large pieces
 * @param err takes messages and progress
 * @param outIsTerminal whether a person reads {@code out} right now
 * @param errIsTerminal whether a person reads {@code err} right now
 */
public record Console(
    OutputStream out, PrintStream err, boolean outIsTerminal, boolean errIsTerminal) {

  private static final String TERMINALS = "kho.terminals";

  /** Returns whether a person would have to type what is read from standard input. */
  public static boolean inIsTerminal() {
    return System.getProperty(TERMINALS, "").contains("in");
  }

  /**
   * The process's own streams. The launcher tests the descriptors, which costs a shell nothing and
   * a JVM several milliseconds, and names the terminals among them in {@code kho.terminals}.
   */
  public static Console system() {
    String terminals = System.getProperty(TERMINALS, "");
    return new Console(
        new StandardOutput(new FileOutputStream(FileDescriptor.out)),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        terminals.contains("out"),
        terminals.contains("err"));
  }
}
