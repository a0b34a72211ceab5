package org.kho4j.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.lang.module.ModuleDescriptor;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.Client;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.FileHandler;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.map.MapWriter;
import org.kho4j.handover.map.PreservedMap;

/** The map of docs/architecture.md, checked. */
class ModuleRulesTest {

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.kho4j");

  private static final SliceAssignment TOP_LEVEL_CLASSES =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
          return SliceIdentifier.of(type.getName().split("\\$", 2)[0]);
        }

        @Override
        public String getDescription() {
          return "top-level classes";
        }
      };

  @Test
  void abiNeedsNothing() {
    classes()
        .that()
        .resideInAPackage("org.kho4j.abi..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("org.kho4j.abi..", "java..", "org.jspecify..")
        .check(MAIN);
  }

  @Test
  void fdtIsUsableAlone() {
    classes()
        .that()
        .resideInAPackage("org.kho4j.fdt..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("org.kho4j.fdt..", "java..", "org.jspecify..")
        .check(MAIN);
  }

  @Test
  void nothingPointsUp() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "org.kho4j.abi..", "org.kho4j.fdt..", "org.kho4j.files..", "org.kho4j.memory..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.kho4j.handover..", "org.kho4j.cli..")
        .check(MAIN);
    noClasses()
        .that()
        .resideInAPackage("org.kho4j.memory..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.kho4j.fdt..")
        .check(MAIN);
    noClasses()
        .that()
        .resideInAPackage("org.kho4j.handover..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.kho4j.verify..", "org.kho4j.cli..")
        .check(MAIN);
    noClasses()
        .that()
        .resideInAPackage("org.kho4j.verify..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.kho4j.linux..", "org.kho4j.cli..")
        .check(MAIN);
  }

  @Test
  void onlyTheCommandPrintsAndExits() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.kho4j.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("picocli..")
        .check(MAIN);
    noClasses()
        .that()
        .resideOutsideOfPackages("org.kho4j.cli..", "org.kho4j.verify.systemd")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("tools.jackson..")
        .check(MAIN);
  }

  @Test
  void modulesHaveNoCycles() {
    slices().matching("org.kho4j.(*)..").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void packagesOfTheCommandHaveNoCycles() {
    slices().matching("org.kho4j.cli.(**)").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void packagesOfFilesMemoryAndVerifyHaveNoCycles() {
    slices()
        .matching("org.kho4j.(**)")
        .should()
        .beFreeOfCycles()
        .check(
            MAIN.that(
                JavaClass.Predicates.resideInAnyPackage(
                    "org.kho4j.files..", "org.kho4j.memory..", "org.kho4j.verify..")));
  }

  /**
   * Classes of a package, too: nothing points up. A sealed type makes its implementations, and what
   * a program declares to read its own data is called by its caller.
   */
  @Test
  void classesOfHandoverMemoryAndVerifyHaveNoCycles() {
    slices()
        .assignedFrom(TOP_LEVEL_CLASSES)
        .should()
        .beFreeOfCycles()
        .ignoreDependency(PreservedMap.class.getName(), "org.kho4j.handover.map.RadixMap")
        .ignoreDependency(PreservedMap.class.getName(), "org.kho4j.handover.map.BitmapListMap")
        .ignoreDependency(MapWriter.class.getName(), "org.kho4j.handover.map.RadixWriter")
        .ignoreDependency(MapWriter.class.getName(), "org.kho4j.handover.map.BitmapListWriter")
        .ignoreDependency(Client.class, Handover.class)
        .ignoreDependency(FileHandler.class, PreservedFile.class)
        .check(
            MAIN.that(
                JavaClass.Predicates.resideInAnyPackage(
                    "org.kho4j.handover..", "org.kho4j.memory..", "org.kho4j.verify..")));
  }

  @Test
  void packagesAndClassesOfPreflightHaveNoCycles() {
    JavaClasses preflight =
        MAIN.that(JavaClass.Predicates.resideInAPackage("org.kho4j.preflight.."));
    slices().matching("org.kho4j.(**)").should().beFreeOfCycles().check(preflight);
    slices().assignedFrom(TOP_LEVEL_CLASSES).should().beFreeOfCycles().check(preflight);
  }

  @Test
  void exportedPackagesHaveNoCycles() {
    slices()
        .matching("org.kho4j.(**)")
        .should()
        .beFreeOfCycles()
        .check(MAIN.that(JavaClass.Predicates.resideInAnyPackage(exportedPackages())));
  }

  private static String[] exportedPackages() {
    return ModuleLayer.boot().modules().stream()
        .filter(module -> module.getName().startsWith("org.kho4j."))
        .flatMap(module -> module.getDescriptor().exports().stream())
        .filter(exports -> !exports.isQualified())
        .map(ModuleDescriptor.Exports::source)
        .toArray(String[]::new);
  }

  @Test
  void packagesAreNamedForTheirPurpose() {
    noClasses()
        .should()
        .haveNameMatching(".*\\.(util|utils|common|impl|helper|helpers)\\..*")
        .check(MAIN);
    noClasses().should().haveNameMatching(".*(Util|Utils|Impl|Helper|Helpers)").check(MAIN);
  }
}
