package org.kho4j.lab.guest;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.kho4j.abi.PageSize;

/**
 * A kernel that guests boot.
 *
 * @param name of its file in {@code lab/kernels}, or {@code ready}
 * @param changed whether something of the contract differs on purpose
 * @param image what QEMU boots: a bzImage or an arm64 Image
 */
public record Kernel(String name, Arch arch, PageSize pageSize, boolean changed, Path image) {

  private static final int HEADER = 1024;
  private static final int X86_SETUP = 0x200;
  private static final int X86_RELEASE = 0x20e;
  private static final String ARM64_BANNER = "Linux version ";
  private static final int X86_MAGIC = 0x5372_6448;
  private static final int ARM64_MAGIC = 0x644d_5241;

  /** Returns a kernel that is built already, described by its header. */
  public static Kernel ready(Path image) throws IOException {
    try (FileChannel file = FileChannel.open(image);
        Arena arena = Arena.ofConfined()) {
      MemorySegment head = arena.allocate(HEADER);
      file.read(head.asByteBuffer());
      if (head.get(ValueLayout.JAVA_INT_UNALIGNED, 0x202) == X86_MAGIC) {
        return new Kernel("ready", Arch.X86_64, PageSize.SIZE_4K, false, image);
      }
      if (head.get(ValueLayout.JAVA_INT_UNALIGNED, 0x38) == ARM64_MAGIC) {
        int pages = (int) (head.get(ValueLayout.JAVA_LONG_UNALIGNED, 0x18) >>> 1) & 3;
        PageSize size =
            switch (pages) {
              case 2 -> PageSize.SIZE_16K;
              case 3 -> PageSize.SIZE_64K;
              default -> PageSize.SIZE_4K;
            };
        return new Kernel("ready", Arch.ARM64, size, false, image);
      }
    }
    throw new LabFailure(image + " is no bzImage and no arm64 Image");
  }

  /**
   * The names of the kernels that the lab can build.
   *
   * @param family folder in {@code lab/kernels}; empty for the kernels of the scenarios
   */
  public static List<String> names(Path lab, String family) throws IOException {
    try (Stream<Path> files = Files.list(lab.resolve("kernels").resolve(family))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".kernel"))
          .map(file -> file.substring(0, file.length() - ".kernel".length()))
          .sorted()
          .toList();
    }
  }

  /** Returns the description of a kernel in its file, before the kernel is built. */
  public static Kernel described(Path lab, String name) throws IOException {
    Map<String, String> values = new HashMap<>();
    for (String line : Files.readAllLines(lab.resolve("kernels").resolve(name + ".kernel"))) {
      int equals = line.indexOf('=');
      if (!line.startsWith("#") && equals > 0) {
        values.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    return new Kernel(
        name,
        Arch.of(values.getOrDefault("arch", "")),
        PageSize.ofLabel(values.getOrDefault("page", "4K")).orElseThrow(),
        values.containsKey("change"),
        Path.of(""));
  }

  /** Returns a copy with the image that {@code lab/kernel} builds or finds in its cache. */
  public Kernel built(Path lab) throws IOException, InterruptedException {
    return new Kernel(name, arch, pageSize, changed, made(lab, name).resolve("kernel"));
  }

  /** Its source, for what is not ready. */
  public Path source(Path lab) throws IOException, InterruptedException {
    return made(lab, "--source", name);
  }

  /** The versions of the contract that it writes and reads. */
  public KernelVersions versions() throws IOException {
    return KernelVersions.of(release());
  }

  /** Its release: {@code "7.3.4"}. An x86-64 header points at it, an arm64 Image has a banner. */
  public String release() throws IOException {
    String file = new String(Files.readAllBytes(image), StandardCharsets.ISO_8859_1);
    int at =
        switch (arch) {
          case X86_64 ->
              X86_SETUP + file.charAt(X86_RELEASE) + (file.charAt(X86_RELEASE + 1) << Byte.SIZE);
          case ARM64 -> file.indexOf(ARM64_BANNER) + ARM64_BANNER.length();
        };
    return file.substring(at, file.indexOf(' ', at));
  }

  private static Path made(Path lab, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(lab.resolve("kernel").toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String directory =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new LabFailure("lab/kernel " + String.join(" ", arguments) + " failed");
    }
    return Path.of(directory);
  }
}
