package org.kho4j.lab.agreement;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/agreement.md} is written from the results of real boots, {@code lab/agreement.tsv},
 * and from the rules as they are now.
 */
class AgreementPageTest {

  private static final Path LAB = Path.of("").toAbsolutePath();
  private static final String REGENERATE =
      "./mvnw -pl lab -am test -Dtest=AgreementPageTest -Dsurefire.failIfNoSpecifiedTests=false"
          + " -Dkho.agreement.write=true";

  private static Results results;

  @BeforeAll
  static void read() throws IOException {
    results = Results.of(LAB);
  }

  @Test
  void committedPageIsWhatTheResultsSay() throws IOException {
    Path page = AgreementPlan.page(LAB);
    if (Boolean.getBoolean("kho.agreement.write")) {
      Files.writeString(page, Page.of(results, AgreementPlan.mutants(LAB)));
    }
    assertThat(Files.readString(page))
        .as("%s is not what the results say any more. Write it again with %s", page, REGENERATE)
        .isEqualTo(Page.of(results, AgreementPlan.mutants(LAB)));
  }

  @Test
  void noKernelDidWhatVerifyDoesNotLetExpect() {
    assertThat(results.all()).hasSizeGreaterThanOrEqualTo(300);
    assertThat(Page.disagreements(results)).isEmpty();
  }

  @Test
  void whatVerifyFoundNothingInWasRestored() {
    assertThat(results.all())
        .filteredOn(result -> result.findings().isEmpty() && !result.changesOwnersData())
        .hasSizeGreaterThan(10)
        .allSatisfy(result -> assertThat(result.isLoss()).isFalse());
  }
}
