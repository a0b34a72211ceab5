package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class LinuxTest {

  @Test
  void readsAllDigitsOfTheSysctl() {
    // a process of fewer mappings could not have come this far
    assertThat(Linux.maxMapCount()).isGreaterThan(1000);
  }

  @Test
  void knowsThePageSizeOfTheHost() {
    assertThat(Linux.pageSize()).isIn(4096, 16384, 65536);
  }
}
