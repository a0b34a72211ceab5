package org.kho4j.cli.extract;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;

/**
 * The written file, for the report.
 *
 * @param path of the file, or null for standard output
 * @param stored bytes that were written, without what a sparse file leaves out
 * @param extraction what came of the content
 * @param sha256 of the content, if it was asked for
 * @param verified whether it was read back
 */
record Written(
    @Nullable Path path,
    long stored,
    Extraction extraction,
    @Nullable String sha256,
    boolean verified) {

  private static final int SHOWN = 20;

  void show(Invocation invocation, Handover handover, Content content) throws IOException {
    noteAbsent(invocation);
    if (path == null) {
      if (sha256 != null) {
        invocation.note("sha256 " + sha256);
      }
    } else if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json(json, path, handover, content);
      }
    } else {
      text(invocation.text(), path, content);
    }
  }

  private void noteAbsent(Invocation invocation) {
    if (extraction.absentBytes() == 0) {
      return;
    }
    invocation.note(
        Units.size(extraction.absentBytes())
            + " of it cannot be read in the image, and zeros stand there:");
    long shown = 0;
    for (Extraction.Absent absent :
        extraction.absent().subList(0, Math.min(SHOWN, extraction.absent().size()))) {
      invocation.note(
          "  offset %s, physical address %s, %s"
              .formatted(
                  Units.address(absent.offset()),
                  Units.address(absent.address()),
                  Units.size(absent.bytes())));
      shown += absent.bytes();
    }
    if (shown < extraction.absentBytes()) {
      invocation.note("  and " + Units.size(extraction.absentBytes() - shown) + " more");
    }
  }

  private void text(Text text, Path file, Content content) throws IOException {
    text.name(file.toString())
        .put(": ")
        .size(content.size())
        .put(" of ")
        .put(Units.printablePath(content.path()));
    if (stored < content.size()) {
      text.put(Text.Style.FAINT, ", " + Units.size(stored) + " stored");
    }
    if (verified) {
      text.put(", ").put(Text.Style.GOOD, "read back and the same");
    }
    text.line();
    if (sha256 != null) {
      text.line("sha256 " + sha256);
    }
  }

  private void json(Json json, Path file, Handover handover, Content content) {
    json.document(Schema.EXTRACT);
    json.object("handover")
        .address("fdt", handover.root().address())
        .text("role", handover.role().label())
        .text("taken", handover.taken().orElse(null))
        .endObject();
    json.text("what", content.path())
        .text("path", file.toString())
        .number("bytes", content.size())
        .number("holes", extraction.holes())
        .number("stored", stored);
    json.text("sha256", sha256).flag("verified", verified);
    json.number("absentBytes", extraction.absentBytes()).array("absent");
    for (Extraction.Absent absent : extraction.absent()) {
      json.object()
          .number("offset", absent.offset())
          .address("address", absent.address())
          .number("bytes", absent.bytes())
          .endObject();
    }
    json.endArray().endObject();
  }
}
