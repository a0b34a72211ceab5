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
 * @param disk what the machine boots from in place of first files with the lab's init: an image of
 *     a root file system
 */
public record Boot(
    Machine machine,
    List<Stage> stages,
    @Nullable Path image,
    @Nullable Path tree,
    @Nullable Path disk) {

  public Boot {
    stages = List.copyOf(stages);
  }

  /** A boot with the lab's init. */
  public Boot(Machine machine, List<Stage> stages, @Nullable Path image, @Nullable Path tree) {
    this(machine, stages, image, tree, null);
  }

  /** A cold boot from a disk, which knows what to do. */
  public static Boot fromDisk(Machine machine, Stage stage, Path disk) {
    return new Boot(machine, List.of(stage), null, null, disk);
  }

  /** A cold boot. */
  public Boot(Machine machine, List<Stage> stages) {
    this(machine, stages, null, null);
  }
}
