package org.kho4j.cli.extract;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.wire.HandoverException;

/** Writes all content of a handover into a new directory: {@code --all DIR}. */
final class WholeHandover {

  private static final String INDEX = "index.json";

  /** Few file systems have larger files, however many holes are in them. */
  private static final long MOST_BYTES = 8L << 40;

  /** A handover with more is extracted in parts. */
  private static final int MOST_FILES = 100_000;

  private static final int MOST_NOTES = 20;

  /** Most problems of parts that are remembered, to list each once. */
  private static final int MOST_UNLISTED = 1000;

  private static final FileAttribute<?>[] NONE = {};
  private static final FileAttribute<?>[] OWNER_ONLY = {
    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
  };

  private final Invocation invocation;
  private final Handover handover;
  private final Path directory;
  private final Map<String, Integer> names = new HashMap<>();
  private long budget;
  private int files;
  private long bytes;
  private long hashedHoles;
  private final Set<String> notes = new HashSet<>();
  private final Set<String> unlisted = new HashSet<>();
  private long problems;
  private long moreNotes;

  WholeHandover(Invocation invocation, Handover handover, Path directory) {
    this.invocation = invocation;
    this.handover = handover;
    this.directory = directory;
    // No page is the content of two things; what is more was described twice.
    this.budget = handover.memory().presentBytes();
  }

  /** Finds the content of an item; throws if there is none. */
  @FunctionalInterface
  interface Source {
    Content content();
  }

  /**
   * Writes the directory and its index.
   *
   * @return {@link Command#OK}, or {@link Command#BAD_ANSWER} if something is missing
   */
  int extract() throws IOException {
    create();
    try (OutputFile index = invocation.output(directory.resolve(INDEX))) {
      Json json = new Json(Channels.newOutputStream(index.channel()));
      json.document(Schema.EXTRACT_ALL)
          .text("source", handover.memory().physical().source().path().toString());
      json.object("handover")
          .address("fdt", handover.root().address())
          .text("role", handover.role().label())
          .text("taken", handover.taken().orElse(null))
          .text("compatible", handover.root().compatible())
          .endObject();
      json.array("items");
      new ContentList(handover, new Writer(json)).visit();
      json.endArray().number("problems", problems).endObject();
      json.close();
      index.commit();
    }
    if (moreNotes > 0) {
      invocation.note("and " + Units.count(moreNotes) + " more, in " + INDEX);
    }
    show();
    return problems == 0 ? Command.OK : Command.BAD_ANSWER;
  }

  private void create() throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw OutputFile.failure(parent == null ? directory : parent, "no such directory");
    }
    boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
    try {
      Files.createDirectory(directory, posix ? OWNER_ONLY : NONE);
    } catch (FileAlreadyExistsException e) {
      throw OutputFile.failure(directory, "exists; --all writes into a new directory");
    } catch (FileSystemException e) {
      throw e.getReason() == null
          ? OutputFile.failure(directory, "cannot be created: permission denied")
          : e;
    }
  }

  private void show() throws IOException {
    if (invocation.options().json()) {
      Files.copy(directory.resolve(INDEX), invocation.out());
      invocation.out().flush();
      return;
    }
    invocation
        .text()
        .name(directory.toString())
        .put(": ")
        .count(files, "file", "files")
        .put(", ")
        .size(bytes)
        .put(", and " + INDEX)
        .line();
  }

  /** Writes what a list of contents has. */
  private final class Writer implements ContentList.Sink {
    private final Json json;

    Writer(Json json) {
      this.json = json;
    }

    @Override
    public void content(
        String kind, List<String> parts, Consumer<Json> facts, String path, Source source)
        throws IOException {
      json.object().text("kind", kind).text("path", path);
      facts.accept(json);
      try {
        write(kind, parts, source.content());
      } catch (HandoverException e) {
        problem(path, Units.printable(e));
      } catch (FileSystemException e) {
        throw e;
      } catch (IOException e) {
        problem(path, String.valueOf(e.getMessage()));
      }
      json.endObject();
    }

    private void write(String kind, List<String> parts, Content content) throws IOException {
      if (files == MOST_FILES) {
        throw new IOException("not written: there are more than %,d files".formatted(MOST_FILES));
      }
      if (content.size() > MOST_BYTES) {
        throw new IOException(
            "not written: its %s are more than %s"
                .formatted(Units.size(content.size()), Units.size(MOST_BYTES)));
      }
      if (budget < 0) {
        throw new IOException("not written: there is more content than the source has memory");
      }
      if (!ExtractCommand.fillsMissing(invocation)) {
        ExtractCommand.requireAll(handover, content);
      }
      String name = name(kind, parts);
      boolean hashed = invocation.flag("--sha256");
      boolean tooManyHoles = hashed && content.holeBytes() > Sha256.MOST_HOLES - hashedHoles;
      Sha256 sha256 = hashed && !tooManyHoles ? new Sha256() : null;
      Written written = ExtractCommand.toFile(invocation, content, directory.resolve(name), sha256);
      Extraction extraction = written.extraction();
      budget -= content.size() - extraction.holes() - extraction.absentBytes();
      files++;
      bytes += content.size();
      hashedHoles += sha256 == null ? 0 : extraction.holes();
      json.text("file", name)
          .number("bytes", content.size())
          .number("holes", extraction.holes())
          .number("stored", written.stored())
          .text("sha256", written.sha256());
      if (extraction.absentBytes() > 0) {
        json.number("absentBytes", extraction.absentBytes());
        problem(
            content.path(),
            Units.size(extraction.absentBytes()) + " of it cannot be read: zeros take its place");
      } else if (tooManyHoles) {
        problem(
            content.path(), "no SHA-256: " + Sha256.tooManyHoles(content.holeBytes(), hashedHoles));
      }
    }

    @Override
    public void missing(String path, @Nullable HandoverException reason, String sentence) {
      String problem = reason == null ? sentence : Units.printable(reason);
      String part = path + ": " + problem;
      if (unlisted.size() < MOST_UNLISTED ? !unlisted.add(part) : unlisted.contains(part)) {
        return; // Several subtrees cannot be listed for the same reason.
      }
      json.object().text("path", path);
      problem(path, problem);
      json.endObject();
    }

    /** A fault that several items share is in each of them, and noted once. */
    private void problem(String path, String sentence) {
      json.text("problem", sentence);
      problems++;
      String note =
          sentence.contains(path) ? sentence : Units.printablePath(path) + ": " + sentence;
      if (notes.size() == MOST_NOTES && !notes.contains(note)) {
        moreNotes++;
      } else if (notes.add(note)) {
        invocation.note(note);
      }
    }

    /** The kind and the parts; a number behind a name that is there already. */
    private String name(String kind, List<String> parts) {
      StringBuilder name = new StringBuilder(kind);
      parts.forEach(part -> name.append('-').append(SafeName.of(part)));
      int number = names.merge(name.toString(), 1, Integer::sum);
      return number == 1 ? name.toString() : name + "~" + number;
    }
  }
}
