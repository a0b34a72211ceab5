package org.kho4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.kho4j.memory.PhysicalMemory;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A command over a memory image, which it gets opened and which is closed after it. */
public abstract class SourceCommand extends Command {

  /** Begins a command; its first parameter is the SOURCE. */
  protected SourceCommand(String name, String summary, String... description) {
    super(name, summary, description);
    parameter(
        PositionalParamSpec.builder()
            .index("0")
            .arity("1")
            .required(true)
            .type(Path.class)
            .paramLabel("SOURCE")
            .description(
                "A memory image: raw RAM file, ELF core, kdump, LiME or AVML file, also"
                    + " compressed with gzip, xz, zstd or lz4; or a pipe; - is standard input;"
                    + " running is this host."));
  }

  @Override
  public final int run(Invocation invocation) throws IOException {
    Path source =
        Objects.requireNonNull(invocation.parameter(0, Path.class), "picocli wants a SOURCE");
    try (PhysicalMemory memory = invocation.open(source)) {
      return run(invocation, memory);
    }
  }

  /**
   * Does it.
   *
   * @return {@link #OK}, {@link #BAD_ANSWER} or {@link #FAILED}
   */
  protected abstract int run(Invocation invocation, PhysicalMemory memory) throws IOException;
}
