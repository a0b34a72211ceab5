package org.kho4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class JsonTest {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A broken document that was begun stays broken: no reader takes it for a whole one. */
  @Test
  void aDocumentThatBreaksOffBeforeItsFirstByteIsNone() throws IOException {
    try (Json json = new Json(out)) {
      json.object().array("stores");
    }
    assertThat(text()).isEmpty();

    try (Json json = new Json(out)) {
      json.object().text("long", "x".repeat(1 << 16));
    }
    assertThat(text()).startsWith("{").doesNotContain("}");
  }

  @Test
  void writesAddressesAsStringsAndLeavesOutWhatIsAbsent() throws IOException {
    try (Json json = new Json(out)) {
      json.object()
          .text("schema", "kho4j/test/1")
          .address("fdt", 0x492000)
          .address("map", OptionalLong.empty())
          .text("role", null)
          .number("nodes", OptionalLong.empty())
          .number("bytes", 1339392)
          .flag("intact", true)
          .array("names")
          .text("a")
          .number(1)
          .object()
          .endObject()
          .endArray()
          .object("orders")
          .number("0", 5)
          .endObject()
          .endObject();
    }
    assertThat(text())
        .isEqualTo(
            """
            {
              "schema" : "kho4j/test/1",
              "fdt" : "0x492000",
              "bytes" : 1339392,
              "intact" : true,
              "names" : [
                "a",
                1,
                { }
              ],
              "orders" : {
                "0" : 5
              }
            }
            """);
  }

  @Test
  void namesCannotDriveTheTerminal() throws IOException {
    try (Json json = new Json(out)) {
      json.array().text("\033[2J\u009b\u202e").endArray();
    }
    assertThat(text()).contains("\"\\u001B[2J\\u009B\\u202E\"");
  }

  @Test
  void whatIsBrokenOffIsNotMadeWhole() throws IOException {
    try (Json json = new Json(out)) {
      json.object().array("handovers");
    }
    assertThat(text()).doesNotContain("]", "}");
  }

  private String text() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
