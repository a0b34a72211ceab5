package org.kho4j.cli.command;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Console;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Progress;
import org.kho4j.cli.output.Text;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Spool;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** A run of a command: the user's input, and the destination of the answer. */
public final class Invocation {

  /** The SOURCE that is standard input. */
  public static final Path STANDARD_INPUT = Path.of("-");

  private final ParseResult root;
  private final ParseResult leaf;
  private final GlobalOptions options;

  /** The SOURCE and KERNEL that is this host. */
  public static final String RUNNING = "running";

  private final Console console;
  private final Text text;
  private @Nullable RunningSource running;
  private final Set<Path> read = new LinkedHashSet<>();

  /**
   * A run.
   *
   * @param root the parsed command line
   * @param console where it writes
   * @param colourWanted what the environment says about colours
   */
  public Invocation(ParseResult root, Console console, boolean colourWanted) {
    this.root = root;
    this.options = GlobalOptions.of(root);
    this.console = console;
    ParseResult level = root;
    while (level.hasSubcommand()) {
      level = level.subcommand();
    }
    this.leaf = level;
    this.text =
        new Text(console.out(), colourWanted && !options.noColor() && console.outIsTerminal());
  }

  public GlobalOptions options() {
    return options;
  }

  /** Returns the first option on the command line that describes an image and is refused. */
  Optional<String> imageOption(Predicate<String> refused) {
    return GlobalOptions.imageOption(root, refused);
  }

  /**
   * Opens a memory image as the options of every command say; {@code -} is standard input.
   *
   * @throws ParameterException if two of them contradict each other
   */
  public PhysicalMemory open(Path source) throws IOException {
    return open(source, options);
  }

  /** Opens a source with a base of its own. */
  public PhysicalMemory open(Path source, long base) throws IOException {
    return open(source, options.withBase(base));
  }

  private PhysicalMemory open(Path source, GlobalOptions described) throws IOException {
    if (RunningSource.isNamedBy(source)) {
      return openRunning(described);
    }
    Optional<String> misnamed = RunningSource.misnamed(source);
    if (misnamed.isPresent()) {
      throw wrong(misnamed.get());
    }
    String contradiction = described.contradiction();
    if (contradiction != null) {
      throw wrong(contradiction);
    }
    Path path = source;
    if (source.equals(STANDARD_INPUT)) {
      if (Console.inIsTerminal()) {
        throw wrong(
            "SOURCE - reads standard input, but standard input is a terminal: pipe a memory image"
                + " into it");
      }
      path = Spool.STANDARD_INPUT;
    }
    reads(path);
    reads(described.ramLayout());
    try (Progress progress = progress("reading " + source, 0)) {
      PhysicalMemory memory =
          MemoryImages.open(
              path,
              described.openOptions().withSpool(new Spool(described.spoolLimit(), progress::done)));
      memory.source().notes().forEach(this::note);
      return memory;
    } catch (MalformedImageException e) {
      throw OtherFile.sentence(path).map(MalformedImageException::new).orElse(e);
    }
  }

  private PhysicalMemory openRunning(GlobalOptions described) throws IOException {
    Optional<String> formOption = described.formOption();
    if (formOption.isPresent()) {
      throw wrong(formOption.get() + " is for a file, not for the running host");
    }
    running = RunningSource.open(this);
    return running.memory();
  }

  /**
   * Notes that the command reads a file: {@link #output} does not replace it.
   *
   * @param file null if an option for it is not given
   */
  public void reads(@Nullable Path file) {
    if (file != null) {
      read.add(file);
    }
  }

  /**
   * Begins a file that the command writes, when it has named every file that it reads. {@code
   * --force} replaces a file of that name, but none that the command reads.
   *
   * @throws IOException with a sentence if the name cannot be used
   */
  public OutputFile output(Path target) throws IOException {
    return OutputFile.create(target, flag("--force"), read);
  }

  /** Returns the files that the command reads. */
  public List<Path> inputs() {
    return List.copyOf(read);
  }

  /** The running host, if it is the source that has this memory. */
  Optional<RunningSource> running(PhysicalMemory memory) {
    return Optional.ofNullable(running).filter(source -> source.memory().equals(memory));
  }

  /** Returns whether a source of the command line is the running host. */
  public boolean readsRunning() {
    return running != null;
  }

  /**
   * Returns the place of the running host's scratch array, if the host is a source and the place is
   * known.
   */
  public Optional<AddressRange> runningScratchArray() {
    return Optional.ofNullable(running).flatMap(RunningSource::scratchArray);
  }

  /** The whole parsed command line. */
  public ParseResult commandLine() {
    return root;
  }

  /** The words of the command line after {@code kho}, as the user wrote them. */
  public List<String> words() {
    return root.originalArgs();
  }

  /** The value of one of the command's own options, or null. */
  public <T> @Nullable T value(String option, Class<T> type) {
    return type.cast(leaf.<@Nullable Object>matchedOptionValue(option, null));
  }

  /** Returns whether one of the command's own flags was given. */
  public boolean flag(String option) {
    return leaf.hasMatchedOption(option);
  }

  /** The value of the command's positional parameter at an index, or null. */
  public <T> @Nullable T parameter(int index, Class<T> type) {
    return type.cast(leaf.<@Nullable Object>matchedPositionalValue(index, null));
  }

  /** Every value of the command's parameter from an index on, as the user wrote them. */
  public List<String> parameters(int index) {
    PositionalParamSpec parameter = leaf.matchedPositional(index);
    return parameter == null ? List.of() : parameter.originalStringValues();
  }

  /** The failure that a wrong value is: the user sees the sentence, and where the help is. */
  public ParameterException wrong(String sentence) {
    return new ParameterException(leaf.commandSpec().commandLine(), sentence);
  }

  /** Readable output; flushed when the command ends. */
  public Text text() {
    return text;
  }

  /** Begins machine output; the caller closes it. */
  public Json json() {
    return new Json(console.out());
  }

  /** Output that is neither text nor JSON. */
  public OutputStream out() {
    return console.out();
  }

  /** Returns whether a person reads the output right now. */
  public boolean outIsTerminal() {
    return console.outIsTerminal();
  }

  /** Shows how far long work is; 0 bytes in all are an unknown number. */
  public Progress progress(String what, long totalBytes) {
    return new Progress(console, what, totalBytes);
  }

  /** Tells the user something beside the answer. */
  public void note(String sentence) {
    console.err().println("kho: " + sentence);
  }
}
