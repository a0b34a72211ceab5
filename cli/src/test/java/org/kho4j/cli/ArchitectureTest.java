package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.Contract;
import org.kho4j.abi.Structure;

/** The names in docs/architecture.md, checked. */
class ArchitectureTest {

  private static final Path PAGE =
      Path.of(System.getProperty("basedir", "."), "../docs/architecture.md");

  /** A class or a member of one; a macro of the kernel has an underscore. */
  private static final Pattern JAVA_NAME =
      Pattern.compile("`([A-Z][A-Za-z0-9]*(?:\\.[A-Za-z0-9_]+)*)`");

  private static final Pattern KERNEL_NAME = Pattern.compile("`([a-z][a-z0-9]*_[a-z0-9_]+)`");

  private static Set<String> names(String text, Pattern pattern) {
    return pattern
        .matcher(text)
        .results()
        .map((MatchResult result) -> result.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void everyJavaNameExists() throws IOException {
    Set<String> known =
        new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("org.kho4j")
                .stream()
                .flatMap(ArchitectureTest::namesOf)
                .collect(Collectors.toSet());
    // Module fleet depends on this one, so its classes are not here.
    try (Stream<Path> fleet = Files.walk(PAGE.resolve("../../fleet/src/main/java").normalize())) {
      fleet
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".java"))
          .forEach(file -> known.add(file.replace(".java", "")));
    }
    Set<String> named = names(Files.readString(PAGE), JAVA_NAME);
    named.removeIf(name -> name.endsWith("Test"));

    assertThat(named).contains("KhoserPointer.store", "Incoming.RestoredBlob.descriptor");
    assertThat(known).containsAll(named);
  }

  /** The class, and the class with each member: outer classes before a dot, packages left out. */
  private static Stream<String> namesOf(JavaClass type) {
    String name = type.getName().substring(type.getPackageName().length() + 1).replace('$', '.');
    return Stream.concat(
        Stream.of(name),
        type.getMembers().stream().map(JavaMember::getName).map(m -> name + '.' + m));
  }

  @Test
  void everyStructureOfTheContractIsInTheTableOfTheKernelsNames() throws IOException {
    String page = Files.readString(PAGE);
    String table = page.substring(page.indexOf("## The kernel's names"));
    Set<String> structures =
        Contract.VERSIONS.stream()
            .flatMap(version -> version.structures().stream())
            .map(Structure::name)
            // A block of entries is a block, and an array of them has no name in the kernel.
            .map(name -> name.split(" ", 2)[0])
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(structures).contains("kho_vmalloc_chunk");
    assertThat(names(table, KERNEL_NAME)).containsAll(structures);
  }
}
