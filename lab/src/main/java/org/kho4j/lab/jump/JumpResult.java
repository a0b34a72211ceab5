package org.kho4j.lab.jump;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A jump that was done.
 *
 * @param images what kho preflight says of the two images
 * @param capture what it says of the first kernel's memory at the jump and the next kernel's image;
 *     null where it cannot read that memory, as of a kernel with another layout
 */
record JumpResult(
    Jump jump, PreflightVerdict images, @Nullable PreflightVerdict capture, Observation observed) {

  private static final String CORRUPT = "corrupt";

  /**
   * Returns the parts whose fate differs from the verdict; the verdict from the capture has more
   * information.
   */
  List<String> disagreements() {
    PreflightVerdict verdict = capture == null ? images : capture;
    List<String> found = new ArrayList<>();
    if (!agree(verdict.overall(), observed.overall())) {
      found.add("%s, and in fact %s".formatted(verdict.overall(), observed.overall()));
    }
    observed
        .parts()
        .forEach((part, happened) -> {
          String said =
              verdict.parts().getOrDefault(part, images.parts().getOrDefault(part, "nothing"));
          if (!said.equals(CORRUPT) && !said.equals(happened)) {
            found.add("%s: %s, and in fact %s".formatted(part, said, happened));
          }
        });
    return found;
  }

  /** Corrupt is what may end in any way but well; parts of it may come through by luck. */
  private static boolean agree(String said, String happened) {
    return said.equals(happened) || (said.equals(CORRUPT) && !happened.equals("ok"));
  }

  ObjectNode toJson(JsonMapper json) {
    ObjectNode node = json.createObjectNode();
    node.put("from", jump.from()).put("to", jump.to()).put("use", jump.use().label);
    node.put("cmdline", jump.use().nextLine());
    node.set("images", verdict(json, images.overall(), images.parts()));
    if (capture != null) {
      node.set("capture", verdict(json, capture.overall(), capture.parts()));
    }
    node.set("observed", verdict(json, observed.overall(), observed.parts()));
    node.set("said", json.valueToTree(observed.said()));
    return node;
  }

  private static ObjectNode verdict(JsonMapper json, String overall, Map<String, String> parts) {
    ObjectNode node = json.createObjectNode().put("overall", overall);
    node.set("parts", json.valueToTree(parts));
    return node;
  }
}
