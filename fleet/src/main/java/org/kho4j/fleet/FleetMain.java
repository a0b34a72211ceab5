package org.kho4j.fleet;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.cli.Kho;
import org.kho4j.cli.fleet.FleetCommand;
import org.kho4j.cli.output.Console;

/**
 * The main class for {@code spark-submit}: runs the command line of {@code kho}, which is that of
 * the job.
 */
public final class FleetMain {

  private FleetMain() {}

  /** Runs the job; the word {@code fleet} in front may be left out. */
  public static void main(String[] args) {
    List<String> line = new ArrayList<>(List.of(args));
    if (!line.contains("fleet")) {
      line.addFirst("fleet");
    }
    int status =
        new Kho(Console.system(), Kho.noColor(), _ -> List.of(new FleetCommand(FleetJob::run)))
            .run(line.toArray(String[]::new));
    if (status != 0) {
      System.exit(status);
    }
  }
}
