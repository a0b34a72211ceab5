package org.kho4j.cli.demo;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;

/** The output of {@code kho demo}, step by step. */
final class DemoReport {

  private final Text text;
  private final @Nullable Json json;

  DemoReport(Invocation invocation) {
    this.text = invocation.text();
    this.json = invocation.options().json() ? invocation.json() : null;
  }

  void begin(long bytes, Path ram) throws IOException {
    if (json != null) {
      json.document(Schema.DEMO).number("bytes", bytes).array("processes");
    } else {
      text.put("Handing ")
          .size(bytes)
          .put(" from one JVM to the next, in ")
          .name(ram.toString())
          .line()
          .flush();
    }
  }

  void process(String which, long pid) throws IOException {
    if (json != null) {
      json.object().text("generation", which).array("steps");
    } else {
      text.line().put(Text.Style.HEADING, which + " JVM").put(", process " + pid).line().flush();
    }
  }

  void step(Steps.Step step) throws IOException {
    if (json != null) {
      json.object()
          .text("name", step.name())
          .number("micros", step.micros())
          .text("detail", step.detail())
          .endObject();
    } else {
      boolean bad = step.detail().startsWith("DIFFERENT");
      text.put("  %-14s %9s   ".formatted(step.name(), millis(step.micros())))
          .put(bad ? Text.Style.BAD : Text.Style.FAINT, step.detail())
          .line()
          .flush();
    }
  }

  void processEnded(long micros) throws IOException {
    if (json != null) {
      json.endArray().number("micros", micros).endObject();
    } else {
      text.put("  %-14s %9s   ".formatted("in all", millis(micros)))
          .put(Text.Style.FAINT, "with the JVM's start and end")
          .line()
          .flush();
    }
  }

  void flipped(long offset, long physical) throws IOException {
    if (json == null) {
      text.line()
          .put(Text.Style.WARNING, "between them")
          .put(": byte " + offset + " of the area changed, at ")
          .address(physical)
          .line()
          .flush();
    }
  }

  void end(boolean same, long bytes) throws IOException {
    if (json != null) {
      json.endArray().text("result", same ? "same" : "different");
      json.endObject().close();
    } else if (same) {
      text.line().put(Text.Style.GOOD, "All ").size(bytes).put(" arrived, byte for byte.").line();
    } else {
      text.line().put(Text.Style.BAD, "The area did not arrive unchanged.").line();
    }
  }

  private static String millis(long micros) {
    return "%,d.%d ms".formatted(micros / 1000, micros % 1000 / 100);
  }
}
