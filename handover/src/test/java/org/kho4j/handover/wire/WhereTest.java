package org.kho4j.handover.wire;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WhereTest {

  @Test
  void theRootIsASlash() {
    assertThat(Where.ROOT).hasToString("/");
  }

  @Test
  void partsFollowEachOther() {
    assertThat(Where.ROOT.in("LUO").named("session", "vm").in("file 0x100").in("chunk", 2))
        .hasToString("/LUO/session \"vm\"/file 0x100/chunk 2");
  }

  @Test
  void namesAreQuotedAndControlCharactersEscaped() {
    assertThat(Where.ROOT.named("session", "a\"b\\c\n\33[2J\u0085"))
        .hasToString("/session \"a\\\"b\\\\c\\x0a\\x1b[2J\\x85\"");
    assertThat(Where.ROOT.in("sub\33tree")).hasToString("/sub\\x1btree");
  }

  @Test
  void anExceptionHasPathAndAddress() {
    HandoverException broken = Where.ROOT.in("LUO").broken(0x1f3a000, "is 3");

    assertThat(broken.path()).isEqualTo("/LUO");
    assertThat(broken.address()).isEqualTo(0x1f3a000);
    assertThat(broken.problem()).isEqualTo("is 3");
    assertThat(broken.getMessage()).isEqualTo("/LUO at 0x1f3a000: is 3");
  }

  @Test
  void aCauseIsPassedOn() {
    RuntimeException cause = new IllegalStateException("gone");

    assertThat(Where.ROOT.broken(1, cause)).hasMessage("/ at 0x1: gone").hasCause(cause);
  }
}
