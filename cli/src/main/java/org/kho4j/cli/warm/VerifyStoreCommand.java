package org.kho4j.cli.warm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Units;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmView;

/** {@code kho warm verify SOURCE}. */
final class VerifyStoreCommand extends Command {

  VerifyStoreCommand() {
    super(
        "verify",
        "Checks a warm store: its metadata, and the regions with a checksum.",
        "Regions have checksums if their owner requested them and closed the store. For a memory"
            + " image, checks the stores in all memfds.",
        "Exit status: 0 if no damage is found, 1 if a store or a region is damaged, 2 if there is"
            + " no store.");
    parameter(WarmCommand.path(0, "SOURCE", "A store's file, or a memory image."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path path = WarmCommand.path(invocation, "SOURCE");
    if (!invocation.options().json()) {
      return verify(
          invocation,
          path,
          (store, file, regions) -> {
            StoreText.line(invocation.text(), store, file);
            for (WarmView.Checked region : regions) {
              invocation
                  .text()
                  .line(
                      "  %s: checksum %s"
                          .formatted(
                              Units.printable(region.region().name()), word(region.check())));
            }
          });
    }
    try (Json json = invocation.json()) {
      json.document(Schema.WARM_VERIFY).array("regions");
      int answer = verify(invocation, path, (store, file, regions) -> json(json, file, regions));
      json.endArray().endObject();
      return answer;
    }
  }

  /** Takes the regions of a store, each checked. */
  private interface Checked {
    void store(
        WarmView store, StoreSearch.@Nullable StoredFile file, List<WarmView.Checked> regions)
        throws IOException;
  }

  private static int verify(Invocation invocation, Path path, Checked checked) throws IOException {
    boolean[] isDamaged = new boolean[1];
    int answer =
        StoreSearch.forEach(
            invocation,
            path,
            (store, file) -> {
              List<WarmView.Checked> regions;
              try {
                regions = file == null ? store.verify() : store.verify(file.memory());
              } catch (MemoryReadException e) {
                String where = (file == null ? path : file.where()).toString();
                invocation.note(
                    "%s: a region cannot be read: %s"
                        .formatted(Units.printablePath(where), e.getMessage()));
                isDamaged[0] = true;
                return;
              }
              isDamaged[0] |=
                  regions.stream().anyMatch(one -> one.check() == Region.Check.MISMATCH);
              checked.store(store, file, regions);
            });
    return isDamaged[0] ? BAD_ANSWER : answer;
  }

  private static void json(
      Json json, StoreSearch.@Nullable StoredFile file, List<WarmView.Checked> regions) {
    for (WarmView.Checked region : regions) {
      json.object();
      StoreText.place(json, file);
      json.text("name", region.region().name()).text("checksum", word(region.check())).endObject();
    }
  }

  private static String word(Region.Check check) {
    return check.name().toLowerCase(Locale.ROOT);
  }
}
