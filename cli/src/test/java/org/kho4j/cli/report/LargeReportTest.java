package org.kho4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.verify.Verifier;

/** A terabyte in 64 MiB of heap, and a page that can be sent. */
@Tag("small-heap")
class LargeReportTest {

  private static final long EVERY_SECOND_PAGE = 0xaaaaaaaaaaaaaaaaL;

  @AutoClose("close")
  private final Arena arena = Arena.ofShared();

  private final SyntheticHost host = new SyntheticHost(arena);

  private String page() throws IOException {
    HandoverPart part = HandoverPart.of(host.candidate(), Verifier.Options.ALL, "h0");
    StringBuilder html = new StringBuilder();
    new ReportPage(
            host.source(), List.of(part), 0, part.findings(), part.checked(), SyntheticHost.ORIGIN)
        .write(html);
    return html.toString();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, EVERY_SECOND_PAGE})
  void aTerabyteOfSinglePagesMakesAPageOfAFewMegabytes(long bits) throws IOException {
    host.preserveEverywhere(bits);
    String page = page();
    assertThat(page.length()).isLessThan(4 << 20);
    assertThat(page).contains("id=\"h0g0\"", "id=\"h0g1023\"");
    assertThat(page)
        .contains(
            "The single pages of %s are not shown."
                .formatted(bits == EVERY_SECOND_PAGE ? "524,240 cells" : "1 cell"));
  }

  @Test
  void cellsThatDifferFromTheirNeighboursAreBounded() throws IOException {
    for (long at = 0; at < SyntheticHost.BYTES - (64L << 20); at += 4L << 20) {
      host.preserve(at, at % (8 << 20) == 0 ? 9 : 0);
    }
    String page = page();
    assertThat(page.length()).isLessThan(8 << 20);
    assertThat(page).contains("id=\"h0g1023\"");
  }
}
