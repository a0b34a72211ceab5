package org.kho4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.wire.HandoverException;

class ProblemsTest {

  private static HandoverException problem(int number) {
    return new HandoverException("/part " + number, number, "is broken");
  }

  @Test
  void keepsTheFirstAndCountsTheRest() throws IOException {
    Problems problems = new Problems();
    assertThat(problems.isEmpty()).isTrue();
    for (int i = 0; i < 1003; i++) {
      problems.add(problem(i));
      problems.add(problem(0));
    }
    problems.addMore(4);

    assertThat(problems.first()).hasSize(1000);
    assertThat(problems.more()).isEqualTo(7);
    assertThat(problems.count()).isEqualTo(1007);
    assertThat(json(problems)).contains("\"path\" : \"/part 999\"", "\"moreErrors\" : 7");
  }

  @Test
  void saysNothingOfMoreWhereThereAreNone() throws IOException {
    Problems problems = new Problems();
    problems.add(problem(1));
    assertThat(json(problems)).contains("/part 1").doesNotContain("more");
  }

  private static String json(Problems problems) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Json json = new Json(out)) {
      json.document(Schema.INSPECT).problems("errors", problems).endObject();
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
