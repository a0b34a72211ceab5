package org.kho4j.cli.status;

import java.io.IOException;
import java.nio.file.Path;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.preflight.host.HostStatus;
import org.kho4j.preflight.host.HostStatusReader;
import org.kho4j.preflight.host.RunningRoots;

/** {@code kho status}. */
public final class StatusCommand extends Command {

  public StatusCommand() {
    super(
        "status",
        "Shows KHO and LUO on this host, on one screen.",
        "Shows whether KHO and LUO are on and which file shows that; the handover that this boot received, and the one"
            + " that is prepared; the scratch regions; the processes that have /dev/liveupdate or a session open; and"
            + " warnings, each with a remedy. Some rows need root: 'not seen' lists what is hidden.",
        "Exit status: 0 without a warning, 1 with a warning, 2 if /proc cannot be read.");
    opensNoImage("--root");
    example("kho status");
    example("kho status --json");
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path root = invocation.options().root();
    HostStatus host = HostStatusReader.read(root, RunningRoots.state(root));
    StatusView view = new StatusView(host);
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        view.json(json);
      }
    } else {
      view.text(invocation.text());
    }
    return view.warnings().isEmpty() ? OK : BAD_ANSWER;
  }
}
