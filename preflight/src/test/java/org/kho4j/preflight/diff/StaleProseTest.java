package org.kho4j.preflight.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StaleProseTest {

  @TempDir Path tree;

  @Test
  void textThatNamesAnotherVersionThanTheDefinedOneIsFound() throws Exception {
    header("a.h", " *     compatible = \"kho-v3\";", "#define KHO_FDT_COMPATIBLE \"kho-v4\"");
    header("b.h", " * luo-v5 since then", "#define LUO_ABI_COMPATIBLE\t\"luo-v5\"");
    assertThat(StaleProse.find(tree))
        .containsExactly("include/linux/kho/abi/a.h:1: mentions kho-v3, but the string is kho-v4");
  }

  @Test
  void aVersionThatTheHeaderDoesNotDefineIsNobodysBusiness() throws Exception {
    header("a.h", " * as in memfd-v1", "#define KHO_FDT_COMPATIBLE \"kho-v4\"");
    assertThat(StaleProse.find(tree)).isEmpty();
  }

  @Test
  void aTreeWithoutTheHeadersIsNamed() {
    assertThatThrownBy(() -> StaleProse.find(tree))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("include/linux/kho/abi");
  }

  private void header(String name, String... lines) throws Exception {
    Path directory = Files.createDirectories(tree.resolve(StaleProse.HEADERS));
    Files.write(directory.resolve(name), List.of(lines));
  }
}
