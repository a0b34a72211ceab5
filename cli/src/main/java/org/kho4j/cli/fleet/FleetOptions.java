package org.kho4j.cli.fleet;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The user's options for a run over a fleet.
 *
 * @param inputs folders, files and globs
 * @param kernels that are to take the handovers
 * @param output the folder to write
 * @param resume whether to go on with the output that is there
 * @param replace whether to replace the output that is there
 * @param host finds host and group in the path of a file
 * @param commandLine of the next kernels, if it is known
 * @param master of Spark
 * @param settings of Spark, as {@code key=value}
 */
public record FleetOptions(
    List<String> inputs,
    List<String> kernels,
    Optional<String> output,
    boolean resume,
    boolean replace,
    Pattern host,
    Optional<String> commandLine,
    String master,
    List<String> settings) {

  public FleetOptions {
    inputs = List.copyOf(inputs);
    kernels = List.copyOf(kernels);
    settings = List.copyOf(settings);
  }

  /** Returns whether Spark runs in one JVM on this machine. */
  boolean isLocal() {
    return master.equals("local") || master.startsWith("local[");
  }
}
