package org.kho4j.cli.warm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Units;
import org.kho4j.warm.WarmException;
import org.kho4j.warm.WarmView;

/** {@code kho warm list DIRECTORY}. */
final class ListCommand extends Command {

  private static final byte[] MAGIC = "kho4j-warm-store".getBytes(StandardCharsets.US_ASCII);

  ListCommand() {
    super(
        "list",
        "Lists the warm stores in a directory.",
        "Exit status: 0 if all of them can be opened, 1 if one cannot.");
    parameter(WarmCommand.path(0, "DIRECTORY", "A directory, as /dev/shm."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    List<WarmView> stores = new ArrayList<>();
    int answer = OK;
    for (Path path : storesIn(WarmCommand.path(invocation, "DIRECTORY"))) {
      try {
        stores.add(WarmView.read(path));
      } catch (WarmException e) {
        invocation.note(Units.printable(String.valueOf(e.getMessage())));
        answer = BAD_ANSWER;
      }
    }
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json.object().text("schema", "kho4j/warm/1").array("stores");
        stores.forEach(store -> StoreText.json(json, store));
        json.endArray().endObject();
      }
    } else {
      for (WarmView store : stores) {
        StoreText.line(invocation.text(), store);
      }
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
    try (InputStream in = Files.newInputStream(file)) {
      return java.util.Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    } catch (IOException _) {
      return false; // another user's
    }
  }
}
