package org.kho4j.lab.guest;

import java.nio.file.Path;
import java.util.Map;

/**
 * A kernel in a guest's life.
 *
 * @param switches of the handover on its command line
 * @param parameters on its command line, besides those that every guest has
 * @param script what its init does; where another stage follows, init ends by going there
 * @param programs what it finds in its first files besides, by name
 */
public record Stage(
    Kernel kernel, String switches, String parameters, Script script, Map<String, Path> programs) {

  /** The options that switch KHO and LUO on. */
  public static final String ON = "kho=on liveupdate=on";

  /** A kernel whose init does all by itself. */
  public Stage(Kernel kernel, String parameters, Script script) {
    this(kernel, parameters, script, Map.of());
  }

  /** A kernel that hands over and takes. */
  public Stage(Kernel kernel, String parameters, Script script, Map<String, Path> programs) {
    this(kernel, ON, parameters, script, programs);
  }

  String commandLine() {
    // An emulated timer is late on a busy machine, which x86-64 takes for a broken one.
    String timer = kernel.arch() == Arch.X86_64 ? "no_timer_check " : "";
    return "console=%s loglevel=8 panic=-1 %s printk.devkmsg=on %s%s"
        .formatted(kernel.arch().console(), switches, timer, parameters)
        .strip();
  }
}
