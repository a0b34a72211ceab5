package org.kho4j.cli.warm;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.warm.StoreSearch.StoredFile;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.warm.WarmDirectory;
import org.kho4j.warm.WarmView;

/** A store as lines of text, and as JSON. */
final class StoreText {

  private StoreText() {}

  static String state(WarmView store) {
    if (store.inUse()) {
      return "in use";
    }
    return store.clean() ? "clean" : "its last owner died";
  }

  static void line(Text text, WarmView store, @Nullable StoredFile file) throws IOException {
    WarmDirectory directory = store.directory();
    if (file != null && !file.isSource()) {
      text.put(Units.printablePath(file.where().toString())).put(": ");
      file.fd().ifPresent(fd -> text.name(fd.name()).put(" of ").name(fd.unit()).put(": "));
    } else {
      text.put(Units.printablePath(store.path().toString())).put(": ");
    }
    text.line(
        "%s, %s, %s free, %s, schema %d, generation %d, %s%s"
            .formatted(
                Units.printable(directory.name()),
                Units.size(store.size()),
                Units.size(store.freeBytes()),
                Units.count(directory.regions().size(), "region", "regions"),
                directory.schema(),
                directory.generation(),
                state(store),
                !store.interrupted()
                    ? ""
                    : store.inUse() ? ", within a transaction" : ", a transaction to roll back"));
  }

  static void regions(Text text, WarmView store) throws IOException {
    for (WarmDirectory.Entry region : store.directory().regions()) {
      text.line(
          "  %s: %s, schema %d, %s from %s"
              .formatted(
                  Units.printable(region.name()),
                  Units.size(region.bytes()),
                  region.schema(),
                  Units.count(region.extents().size(), "extent", "extents"),
                  Units.address(region.extents().getFirst().address())));
    }
  }

  /** Writes the place of a store in a memory image. */
  static void place(Json json, @Nullable StoredFile file) {
    if (file != null && !file.isSource()) {
      json.text("file", file.where().toString());
      file.fd().ifPresent(fd -> json.text("unit", fd.unit()).text("fd", fd.name()));
    }
  }

  static void json(Json json, WarmView store, @Nullable StoredFile file) {
    WarmDirectory directory = store.directory();
    json.object().text("path", store.path().toString());
    place(json, file);
    json.text("name", directory.name())
        .number("size", store.size())
        .number("freeBytes", store.freeBytes())
        .number("schema", directory.schema())
        .number("generation", directory.generation())
        .text("state", store.inUse() ? "in use" : store.clean() ? "clean" : "dirty")
        .flag("interrupted", store.interrupted())
        .array("regions");
    for (WarmDirectory.Entry region : directory.regions()) {
      json.object()
          .text("name", region.name())
          .number("size", region.bytes())
          .number("schema", region.schema())
          .array("extents");
      for (AddressRange extent : region.extents()) {
        json.object()
            .address("address", extent.address())
            .number("size", extent.length())
            .endObject();
      }
      json.endArray().endObject();
    }
    json.endArray().endObject();
  }
}
