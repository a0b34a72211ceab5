package org.kho4j.cli.abi.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WrappedProseTest {

  private static final String WORDS = "word ".repeat(19) + "last";

  @Test
  void wrapsALongLineAt100Columns() {
    assertThat(WrappedProse.of(WORDS + " next line\nshort\n"))
        .isEqualTo(WORDS + "\nnext line\nshort\n");
  }

  @Test
  void indentsTheLinesOfAnItem() {
    assertThat(WrappedProse.of("- " + WORDS + " next\n"))
        .isEqualTo("- " + "word ".repeat(19).strip() + "\n  last next\n");
  }

  @Test
  void leavesTablesAndCodeUnchanged() {
    String page =
        "| " + WORDS + WORDS + " |\n\n```\n" + WORDS + WORDS + "\n```\n\n    " + WORDS + WORDS;
    assertThat(WrappedProse.of(page)).isEqualTo(page);
  }

  @Test
  void neverBeginsALineLikeAnItem() {
    assertThat(WrappedProse.of(WORDS + "a - b\n"))
        .isEqualTo("word ".repeat(19).strip() + "\nlasta - b\n");
  }

  @Test
  void keepsASpanOfCodeOnOneLine() {
    assertThat(WrappedProse.of("word ".repeat(19) + "`a b c d`\n"))
        .isEqualTo("word ".repeat(19).strip() + "\n`a b c d`\n");
  }
}
