package org.kho4j.cli.warm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.FileReason;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Units;
import org.kho4j.warm.WarmException;
import org.kho4j.warm.WarmView;

/** {@code kho warm list DIRECTORY} and {@code kho warm list SOURCE}. */
final class ListCommand extends Command {

  ListCommand() {
    super(
        "list",
        "Lists the warm stores in a directory, or in the memfds of a memory image.",
        "In a directory, files that this user may not read are skipped.",
        "Exit status: 0 if all stores can be read, also if a directory has none; 1 if one cannot; 2"
            + " if a file has no store.");
    example("kho warm list /dev/shm");
    example("kho warm list vmcore");
    parameter(WarmCommand.path(0, "SOURCE", "A directory, a store's file, or a memory image."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path path = WarmCommand.path(invocation, "SOURCE");
    if (!invocation.options().json()) {
      return forEach(
          invocation, path, (store, file) -> StoreText.line(invocation.text(), store, file));
    }
    return json(invocation, path);
  }

  /** The document of the stores in a directory, a file or a memory image. */
  static int json(Invocation invocation, Path path) throws IOException {
    try (Json json = invocation.json()) {
      json.document(Schema.WARM).array("stores");
      int answer = forEach(invocation, path, (store, file) -> StoreText.json(json, store, file));
      json.endArray().endObject();
      return answer;
    }
  }

  private static int forEach(Invocation invocation, Path path, StoreSearch.Visitor visitor)
      throws IOException {
    if (!Files.isDirectory(path)) {
      return StoreSearch.forEach(invocation, path, visitor);
    }
    List<Path> stores = storesIn(path);
    if (stores.isEmpty()) {
      invocation.note(Units.printablePath(path.toString()) + ": no file in it is a warm store");
    }
    int answer = OK;
    for (Path file : stores) {
      WarmView store;
      try {
        store = WarmView.read(file);
      } catch (WarmException e) {
        invocation.note(Units.printable(String.valueOf(e.getMessage())));
        answer = BAD_ANSWER;
        continue;
      } catch (IOException e) {
        // The file is gone or was truncated meanwhile, or its name is no text.
        invocation.note(
            Units.printablePath(file.toString())
                + ": "
                + Units.printable(String.valueOf(e.getMessage()))
                + (file.toString().indexOf(FileReason.UNDECODED) < 0
                    ? ""
                    : "; set LC_ALL=C.UTF-8 for names beyond ASCII"));
        answer = BAD_ANSWER;
        continue;
      }
      visitor.store(store, null);
    }
    return answer;
  }

  /** Files that begin as stores do, by name. */
  private static List<Path> storesIn(Path directory) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && beginsAsAStore(file)) {
          found.add(file);
        }
      }
    }
    return found;
  }

  private static boolean beginsAsAStore(Path file) {
    try {
      return StoreSearch.isStore(file);
    } catch (IOException _) {
      return false; // another user's
    }
  }
}
