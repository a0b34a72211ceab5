package org.kho4j.lab.guest;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a guest is started.
 *
 * @param stages its kernels, each handing over to the next
 * @param image what is booted in place of the first stage's kernel: a copy that differs in its
 *     header
 * @param tree the device tree that the machine gets in place of its own
 */
public record Boot(Machine machine, List<Stage> stages, @Nullable Path image, @Nullable Path tree) {

  public Boot {
    stages = List.copyOf(stages);
  }

  /** A cold boot. */
  public Boot(Machine machine, List<Stage> stages) {
    this(machine, stages, null, null);
  }
}
