package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The manual says what the help says. */
class ManualPagesTest {

  @Test
  void everyCommandHasAPageWithItsOptions() throws IOException {
    Map<String, String> pages = ManualPages.all();
    int found = check(Kho.commandLine(), pages);
    assertThat(pages).hasSize(found).containsKeys("kho.1", "kho-verify.1", "kho-abi-diff.1");
  }

  private static int check(CommandLine command, Map<String, String> pages) {
    String page = pages.get(command.getCommandSpec().qualifiedName("-") + ".1");
    assertThat(page)
        .startsWith(".TH \"KHO")
        .contains(".SH NAME\n", ".SH SYNOPSIS\n", ".SH OPTIONS\n");
    for (OptionSpec option : command.getCommandSpec().options()) {
      String name = option.longestName().replace("-", "\\-");
      assertThat(page.lines().anyMatch(line -> line.matches("\\.B .*\\Q" + name + "\\E\\b.*")))
          .as("%s in %s", option.longestName(), page)
          .isEqualTo(!option.hidden());
    }
    int pagesHere = 1;
    for (CommandLine below : command.getSubcommands().values()) {
      pagesHere += check(below, pages);
    }
    return pagesHere;
  }

  @Test
  void textIsNoCommandOfRoff() throws IOException {
    for (Map.Entry<String, String> page : ManualPages.all().entrySet()) {
      assertThat(page.getValue().lines())
          .as(page.getKey())
          .allMatch(line -> !line.startsWith("'") && !line.isBlank())
          .allMatch(
              line -> !line.startsWith(".") || line.matches("\\.(TH|SH|SS|PP|TP|B|nf|fi)( .*)?"));
    }
    assertThat(ManualPages.all().get("kho-verify.1"))
        .contains(".SH EXAMPLES\n.nf\nkho verify vmcore\n", "\nExit status: 0 ");
  }
}
