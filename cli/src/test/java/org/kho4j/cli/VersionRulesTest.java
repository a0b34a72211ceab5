package org.kho4j.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;

/**
 * A version is a row of a table: outside of {@code abi} nobody switches on one, or compares it.
 * What differs between versions is a column, and the form of the map is asked for where its
 * implementation is chosen.
 */
class VersionRulesTest {

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(
              "org.kho4j.handover", "org.kho4j.verify", "org.kho4j.preflight", "org.kho4j.cli");

  private static final Set<String> TABLES =
      Set.of(
          KhoVersion.class.getName(),
          KhoLayout.class.getName(),
          LuoVersion.class.getName(),
          MemfdVersion.class.getName());

  /** {@code kho abi} describes every version and form. */
  private static final DescribedPredicate<JavaClass> RENDERING =
      JavaClass.Predicates.resideInAPackage("org.kho4j.cli.abi..");

  private static final String MAP_FORM = KhoVersion.MapForm.class.getName();

  private static <T extends JavaAccess<?>> DescribedPredicate<T> access(
      String description, java.util.function.Predicate<T> predicate) {
    return DescribedPredicate.describe(description, predicate);
  }

  /** Rows are found by their string or handed on; no class names one. */
  @Test
  void nobodyNamesARow() {
    noClasses()
        .that()
        // What is written where the root FDT's releases have no LUO.
        .doNotHaveFullyQualifiedName("org.kho4j.cli.author.LuoReader")
        .should()
        .accessFieldWhere(
            VersionRulesTest.<JavaFieldAccess>access(
                "a row of a version table is named",
                access ->
                    TABLES.contains(access.getTargetOwner().getName())
                        && access.getName().matches("V\\d.*")))
        .check(MAIN);
  }

  @Test
  void nobodyComparesVersions() {
    noClasses()
        .should()
        .callMethodWhere(
            access(
                "versions are compared",
                call ->
                    TABLES.contains(call.getTargetOwner().getName())
                        && call.getName().equals("equals")))
        .check(MAIN);
  }

  /** Only what finds the form by evidence in memory, and what describes all forms, names one. */
  @Test
  void nobodySwitchesOnTheFormOfTheMap() {
    DescribedPredicate<JavaClass> evidence =
        JavaClass.Predicates.simpleName("BitmapSize")
            .or(JavaClass.Predicates.simpleName("MapFormSearch"))
            .or(RENDERING);
    noClasses()
        .that(DescribedPredicate.not(evidence))
        .should()
        .accessFieldWhere(
            VersionRulesTest.<JavaFieldAccess>access(
                "a form of the map is named",
                access -> access.getTargetOwner().getName().equals(MAP_FORM)))
        .orShould()
        .callMethodWhere(
            access(
                "there is a switch on the form of the map",
                call ->
                    call.getTargetOwner().getName().equals(MAP_FORM)
                        && call.getName().equals("ordinal")))
        .check(MAIN);
  }

  /**
   * One place each chooses the reader, the writer and the rules, finds out the form, and refuses to
   * show a tree of a version that has none.
   */
  @Test
  void theKindOfMapIsAskedForWhereItsImplementationIsChosen() {
    Set<String> choosing =
        Set.of("PreservedMap", "MapWriter", "MapFormSearch", "MapRules", "RadixTreeView");
    noClasses()
        .that(
            DescribedPredicate.describe(
                "choose no implementation",
                type -> !choosing.contains(type.getSimpleName()) && !RENDERING.test(type)))
        .should()
        .callMethodWhere(
            access(
                "the kind of map is asked for",
                call ->
                    call.getTargetOwner().getName().equals(MAP_FORM)
                        && call.getName().equals("isRadix")))
        .check(MAIN);
  }

  /** Not even by their strings. Sentences about versions may name them. */
  @Test
  void nobodyHasAVersionsStringInTheCode() throws IOException {
    Pattern literal = Pattern.compile("\"(kho|luo|memfd)-v\\d+(@[^\"]*)?\"");
    for (String module : Set.of("handover", "verify", "cli")) {
      try (Stream<Path> sources = Files.walk(Path.of("..", module, "src", "main", "java"))) {
        for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
          // The training of the launcher's archive runs commands as users write them.
          if (!source.endsWith("Training.java")) {
            assertThat(literal.matcher(Files.readString(source)).results().map(r -> r.group()))
                .as(source.toString())
                .isEmpty();
          }
        }
      }
    }
  }
}
