package org.kho4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kho4j.handover.wire.Where;

class UnitsTest {

  @Test
  void addressesUseAllBits() {
    assertThat(Units.address(0x492000)).isEqualTo("0x492000");
    assertThat(Units.address(-1)).isEqualTo("0xffffffffffffffff");
  }

  @Test
  void counts() {
    assertThat(Units.count(999)).isEqualTo("999");
    assertThat(Units.count(268435456)).isEqualTo("268,435,456");
    assertThat(Units.count(1, "page", "pages")).isEqualTo("1 page");
    assertThat(Units.count(0, "page", "pages")).isEqualTo("0 pages");
  }

  @Test
  void ordinaryNamesStayAsTheyAre() {
    assertThat(Units.printable("vm-guest ram_0 \"é🐧中\"")).isEqualTo("vm-guest ram_0 \"é🐧中\"");
  }

  @Test
  void whatDrivesATerminalIsEscaped() {
    assertThat(Units.printable("a\033[2Jb\r\n\t\0\u007f\u009b"))
        .isEqualTo("a\\x1b[2Jb\\x0d\\x0a\\x09\\x00\\x7f\\x9b");
  }

  @Test
  void whatHidesOrReordersTextIsEscaped() {
    assertThat(Units.printable("a\u202eb\u200bc\ufeff\u2028"))
        .isEqualTo("a\\u202eb\\u200bc\\ufeff\\u2028");
  }

  @Test
  void escapesCannotBeFaked() {
    assertThat(Units.printable("\\x1b")).isEqualTo("\\\\x1b");
  }

  @Test
  void aNameInAPathIsEscapedOnce() {
    Where where = Where.ROOT.in("LUO").named("session", "a\\b\"\033\u202e");

    assertThat(Units.printablePath(where.toString()))
        .isEqualTo("/LUO/session \"a\\\\b\\\"\\x1b\\u202e\"");
    assertThat(Units.printable(where.broken(0x1000, "the name is a\\b")))
        .isEqualTo("/LUO/session \"a\\\\b\\\"\\x1b\\u202e\" at 0x1000: the name is a\\\\b");
  }

  @Test
  void brokenUtf16IsEscaped() {
    assertThat(Units.printable("\ud83d!\udc27\ufffd")).isEqualTo("\\ud83d!\\udc27\\ufffd");
  }
}
