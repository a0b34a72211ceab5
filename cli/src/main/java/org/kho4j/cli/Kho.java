package org.kho4j.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The kho command. */
public final class Kho {

  private Kho() {}

  public static void main(String[] args) {
    System.exit(new CommandLine(CommandSpec.create().name("kho")).execute(args));
  }
}
