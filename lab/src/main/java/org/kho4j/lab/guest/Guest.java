package org.kho4j.lab.guest;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.FileHoles;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.OpenOptions;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.RamLayout;

/** A guest under QEMU. Its RAM is a file, which can be read at any time of its life. */
public final class Guest implements AutoCloseable {

  public static final String RAM = "ram";
  private static final String CONSOLE = "console.log";

  private final Run run;
  private final Boot boot;
  private final Process process;
  private final Console console;
  private final OutputStream keyboard;
  private @Nullable Debugger debugger;
  private long breakpoint;
  private boolean warningsExpected;

  private Guest(Run run, Boot boot, Process process) {
    this.run = run;
    this.boot = boot;
    this.process = process;
    this.keyboard = process.getOutputStream();
    this.console = new Console(run.directory().resolve(CONSOLE), process.getInputStream());
  }

  static Guest start(Run run, Boot boot) throws IOException {
    Path directory = run.directory();
    Files.write(directory.resolve("initrd"), initrd(run, boot.stages()));
    List<String> command = command(boot, boot.machine());
    Files.writeString(directory.resolve("qemu.sh"), String.join(" ", command) + "\n");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(directory.resolve("qemu.log").toFile())
            .start();
    return new Guest(run, boot, process);
  }

  private static byte[] initrd(Run run, List<Stage> stages) throws IOException {
    Stage stage = stages.getFirst();
    Initramfs files = new Initramfs().file("init", init(run, stage.kernel().arch()));
    for (var program : stage.programs().entrySet()) {
      files.file(program.getKey(), Files.readAllBytes(program.getValue()));
    }
    String script = stage.script().toString();
    if (run.capture() != null) {
      script = "repeat %d\n%s".formatted(run.repeat(), script);
    }
    if (stages.size() > 1) {
      Stage next = stages.get(1);
      if (run.capture() != null) {
        script += CaptureFacts.script();
      }
      script += "kexec " + next.commandLine() + "\n";
      files.file("next/kernel", Files.readAllBytes(next.kernel().image()));
      files.file("next/initrd", initrd(run, stages.subList(1, stages.size())));
    }
    return files.file("script", script.getBytes(StandardCharsets.UTF_8)).toBytes();
  }

  private static byte[] init(Run run, Arch arch) throws IOException {
    Path init = run.directory().resolve("init");
    if (!Files.exists(init)) {
      compile(run, arch, init, run.lab().resolve("guest/init.c").toString());
    }
    return Files.readAllBytes(init);
  }

  /**
   * Makes a static program for a guest.
   *
   * @param sources and options of the compiler
   */
  public static void compile(Run run, Arch arch, Path program, String... sources)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(arch.compiler(), "-static", "-O2", "-s"));
    command.addAll(List.of("-o", program.toString()));
    command.addAll(List.of(sources));
    Path log = run.directory().resolve(program.getFileName() + ".log");
    try {
      Process compiler =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!run.waitFor(compiler) || compiler.exitValue() != 0) {
        throw new LabFailure(program.getFileName() + " could not be compiled: " + log);
      }
    } catch (InterruptedException e) {
      throw new LabFailure("interrupted", e);
    }
  }

  private static List<String> command(Boot boot, Machine machine) {
    Stage stage = boot.stages().getFirst();
    Arch arch = stage.kernel().arch();
    List<String> command = new ArrayList<>(List.of(arch.emulator(), "-accel", "tcg"));
    command.addAll(arch.processor());
    command.addAll(List.of("-smp", "1", "-m", machine.memory() / (1 << 20) + "M"));
    command.addAll(memory(arch, machine));
    Path image = boot.image() == null ? stage.kernel().image() : boot.image();
    command.addAll(List.of("-kernel", image.toString(), "-initrd", "initrd"));
    command.addAll(List.of("-append", stage.commandLine()));
    if (boot.tree() != null) {
      command.addAll(List.of("-dtb", boot.tree().toString()));
    }
    command.addAll(List.of("-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot"));
    command.addAll(List.of("-serial", "stdio", "-qmp", "unix:qmp,server=on,wait=off"));
    command.addAll(List.of("-gdb", "unix:gdb,server=on,wait=off"));
    return command;
  }

  private static List<String> memory(Arch arch, Machine machine) {
    if (machine.nodes() == 1) {
      return List.of(
          "-machine",
          arch.machine() + ",memory-backend=ram",
          "-object",
          "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on"
              .formatted(machine.memory(), RAM));
    }
    List<String> options = new ArrayList<>(List.of("-machine", arch.machine()));
    for (int node = 0; node < machine.nodes(); node++) {
      options.add("-object");
      options.add(
          "memory-backend-file,id=ram%d,size=%d,mem-path=%s%d,share=on"
              .formatted(node, machine.memory() / machine.nodes(), RAM, node));
      options.add("-numa");
      options.add(
          "node,nodeid=%d,memdev=ram%d%s".formatted(node, node, node == 0 ? ",cpus=0" : ""));
    }
    return options;
  }

  /** Waits until the guest says something. */
  public Matcher await(String regex) throws InterruptedException {
    Matcher line = console.await(regex, run.deadline());
    run.checked();
    return line;
  }

  /** What the guest has said. */
  public Console console() {
    return console;
  }

  /** Lets init go on, which waits for it. */
  public void proceed() throws IOException {
    keyboard.write('\n');
    keyboard.flush();
  }

  /** Waits until init awaits a name. */
  public void awaitPoint(String name) throws InterruptedException {
    await("lab: await " + name + "$");
  }

  /** Goes to the next kernel. */
  public void jump() throws IOException, InterruptedException {
    awaitPoint("jump");
    proceed();
  }

  /** Goes as far as the next kernel is about to be entered: everything is serialised then. */
  public void stopAtJump() throws IOException, InterruptedException {
    breakpoint =
        Long.parseUnsignedLong(await("lab: symbol machine_kexec (\\p{XDigit}+)").group(1), 16);
    awaitPoint("jump");
    Debugger connected = run.closing(new Debugger(run.directory().resolve("gdb"), run.deadline()));
    debugger = connected;
    connected.runTo(breakpoint);
    proceed();
    connected.awaitStop();
    Path capture = run.capture();
    if (capture != null) {
      PhysicalMemory memory = boot.machine().nodes() == 1 ? memory() : dump("elf");
      Capture.write(memory, run.kernel().arch(), capture);
      CaptureFacts.add(run, this);
    }
  }

  /** Goes on from where {@link #stopAtJump} stopped. */
  public void leaveJump() throws IOException {
    if (debugger == null) {
      throw new IllegalStateException("not stopped");
    }
    debugger.release(breakpoint);
    debugger = null;
  }

  /** From now on a warning of the kernel is what has to come. */
  public void expectWarnings() {
    warningsExpected = true;
  }

  /** Waits until the last init has done all of its script; no kernel may have warned until then. */
  public void awaitEnd() throws InterruptedException {
    await("lab: end$");
    // Emulated time jumps on a busy machine, of which kernel/time warns.
    Matcher warning = console.first("WARNING: (?!kernel/time/).*|BUG: .*");
    if (warning != null && !warningsExpected) {
      throw new LabFailure("a kernel warned: " + warning.group());
    }
  }

  /** What QEMU says of where the bytes of the RAM file stand, in a file. */
  public Path layout() throws IOException {
    return Files.writeString(
        run.directory().resolve("layout"), monitor("info mtree -f"), StandardCharsets.ISO_8859_1);
  }

  /** The guest's RAM file, read while the guest runs or stands. */
  public PhysicalMemory memory() throws IOException {
    return run.reading(
        MemoryImages.open(
            run.directory().resolve(RAM),
            OpenOptions.of(RamLayout.read(layout()), FileHoles.NONE)));
  }

  /** A dump that QEMU writes of the guest's memory, which is not one flat file. */
  public PhysicalMemory dump(String format) throws IOException {
    Path file = run.directory().resolve("dump." + format);
    try (Monitor monitor = new Monitor(run.directory().resolve("qmp"), run.deadline())) {
      monitor.dump(file, format);
    }
    return run.reading(MemoryImages.open(file));
  }

  /** What QEMU's monitor says. */
  public String monitor(String command) throws IOException {
    try (Monitor monitor = new Monitor(run.directory().resolve("qmp"), run.deadline())) {
      return monitor.human(command);
    }
  }

  /** A file that init has dumped last, or null if there was none. */
  public byte @Nullable [] dumped(String path) {
    String quoted = Pattern.quote("lab: dump " + path);
    List<Matcher> ends = console.all(quoted + " (end \\d+|none)").toList();
    if (ends.isEmpty() || ends.getLast().group(1).equals("none")) {
      return null;
    }
    StringBuilder hex = new StringBuilder();
    for (Matcher line : console.all(quoted + " (\\d+) (\\p{XDigit}+)$").toList()) {
      if (line.group(1).equals("0")) {
        hex.setLength(0);
      }
      hex.append(line.group(2));
    }
    return HexFormat.of().parseHex(hex);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
