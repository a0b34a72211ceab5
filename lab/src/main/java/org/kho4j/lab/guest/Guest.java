package org.kho4j.lab.guest;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;
import org.kho4j.memory.image.RamLayout;

/** A guest under QEMU. Its RAM is a file, which can be read at any time of its life. */
public final class Guest implements AutoCloseable {

  public static final String RAM = "ram";
  private static final String CONSOLE = "console.log";
  private static final String INITRD = "initrd";
  private static final String STATE = "state";

  private final Run run;
  private final Boot boot;
  private final Process process;
  private final SerialConsole console;
  private final OutputStream keyboard;
  private @Nullable Debugger debugger;
  private long breakpoint;
  private boolean warningsExpected;

  private Guest(Run run, Boot boot, Process process) {
    this.run = run;
    this.boot = boot;
    this.process = process;
    this.keyboard = process.getOutputStream();
    this.console = new SerialConsole(run.directory().resolve(CONSOLE), process.getInputStream());
  }

  static Guest start(Run run, Boot boot) throws IOException {
    if (boot.disk() == null) {
      Files.write(run.directory().resolve(INITRD), initrd(run, boot.stages()));
    }
    return start(run, boot, command(boot, boot.machine()));
  }

  static Guest resume(Run run, Snapshot snapshot) throws IOException, InterruptedException {
    Path initrd = run.directory().resolve(INITRD);
    Files.createSymbolicLink(initrd, snapshot.directory().resolve(INITRD));
    List<String> command = command(snapshot.boot(), snapshot.boot().machine());
    command.addAll(List.of("-incoming", "defer"));
    Guest guest = run.closing(start(run, snapshot.boot(), command));
    try (Monitor monitor = guest.monitor()) {
      monitor.load(snapshot.directory().resolve(STATE));
    }
    return guest;
  }

  /** Connects to QEMU's monitor, as soon as it exists. */
  private Monitor monitor() throws IOException, InterruptedException {
    while (true) {
      try {
        return new Monitor(run.directory().resolve("qmp"), run.deadline());
      } catch (SocketException e) {
        if (!process.isAlive()) {
          throw new LabFailure("QEMU has ended: " + run.directory().resolve("qemu.log"), e);
        }
        Thread.sleep(5);
      }
    }
  }

  private static Guest start(Run run, Boot boot, List<String> command) throws IOException {
    Path directory = run.directory();
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
    run.program("compile-" + program.getFileName(), command);
  }

  private static List<String> command(Boot boot, Machine machine) {
    Stage stage = boot.stages().getFirst();
    Arch arch = stage.kernel().arch();
    List<String> command = new ArrayList<>(List.of(arch.emulator(), "-accel", "tcg"));
    command.addAll(arch.processor());
    command.addAll(List.of("-smp", "1", "-m", machine.memory() / (1 << 20) + "M"));
    command.addAll(memory(arch, machine));
    Path image = boot.image() == null ? stage.kernel().image() : boot.image();
    command.addAll(List.of("-kernel", image.toString()));
    if (boot.disk() == null) {
      command.addAll(List.of("-initrd", INITRD));
    } else {
      command.addAll(List.of("-drive", "if=virtio,format=raw,file=" + boot.disk()));
      command.addAll(List.of("-device", "virtio-rng-pci"));
    }
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

  /** Waits until the guest prints a text. */
  public Matcher await(String regex) throws InterruptedException {
    Matcher line = console.await(regex, run.deadline());
    run.checked();
    return line;
  }

  /** Waits until the guest says that it is done, or never will be. */
  public SerialConsole.End awaitEnd(String done) throws InterruptedException {
    return console.awaitEnd(done, run.deadline());
  }

  /** Returns the guest's serial console. */
  public SerialConsole console() {
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
      Capture.write(run, memory, capture);
      CaptureFacts.add(run, this);
    }
  }

  /**
   * From where {@link #stopAtJump} stopped to the first instruction of the next kernel: everything
   * is where that kernel will look for it.
   */
  public void stopAtEntry() throws IOException {
    Arch arch = boot.stages().getFirst().kernel().arch();
    long entry = told(arch.loaded()) + arch.entry();
    Objects.requireNonNull(debugger, "not stopped").goOn(breakpoint, entry);
    breakpoint = entry;
  }

  /** An address that the guest has told. */
  public long told(String regex) {
    Matcher line = console.first(regex);
    if (line == null) {
      throw new LabFailure("the guest did not say \"%s\"".formatted(regex));
    }
    return Long.parseUnsignedLong(line.group(1), 16);
  }

  /**
   * Writes down where the guest stands, but for its RAM, and ends it. What a debugger has stopped
   * QEMU cannot go on with later: so the guest runs in a circle until QEMU itself stops it.
   */
  public Snapshot save() throws IOException {
    Arch arch = boot.stages().getFirst().kernel().arch();
    byte[] circle = arch.circle();
    try (WritableMemory ram = WritableMemory.open(run.directory().resolve(RAM), arch.ramBase())) {
      MemorySegment there = ram.writable(breakpoint, circle.length);
      byte[] instruction = there.toArray(ValueLayout.JAVA_BYTE);
      MemorySegment.copy(circle, 0, there, ValueLayout.JAVA_BYTE, 0, circle.length);
      leaveJump();
      try (Monitor monitor = new Monitor(run.directory().resolve("qmp"), run.deadline())) {
        monitor.save(run.directory().resolve(STATE));
      }
      close();
      MemorySegment.copy(instruction, 0, there, ValueLayout.JAVA_BYTE, 0, circle.length);
    }
    return new Snapshot(boot, run.directory());
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

  /** Returns a file with QEMU's report of the addresses of the RAM file's bytes. */
  public Path layout() throws IOException {
    return Files.writeString(
        run.directory().resolve("layout"), monitor("info mtree -f"), StandardCharsets.ISO_8859_1);
  }

  /** The guest's RAM file, read while the guest runs or stands. */
  public PhysicalMemory memory() throws IOException {
    return run.reading(
        MemoryImages.open(run.directory().resolve(RAM), OpenOptions.of(RamLayout.read(layout()))));
  }

  /** A dump that QEMU writes of the guest's memory, which is not one flat file. */
  public PhysicalMemory dump(String format) throws IOException {
    Path file = run.directory().resolve("dump." + format);
    try (Monitor monitor = new Monitor(run.directory().resolve("qmp"), run.deadline())) {
      monitor.dump(file, format);
    }
    return run.reading(MemoryImages.open(file));
  }

  /** Returns the answer of QEMU's monitor to a command. */
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
