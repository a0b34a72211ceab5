package org.kho4j.cli;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.handover.vmalloc.ChunkWalk;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;

/** There is one walk over the chunks of an area, and one way to read a field. */
class WireRulesTest {

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.kho4j");

  @Test
  void oneWalkFollowsTheChunks() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(ChunkWalk.class, KhoVmallocChunk.class)
        .and()
        // Says what an unclaimed page looks like, and follows nothing.
        .doNotHaveFullyQualifiedName("org.kho4j.verify.unclaimed.Lookalike")
        .should()
        .accessField(KhoVmallocChunk.class, "NEXT")
        .check(MAIN);
  }

  @Test
  void aFieldIsReadThroughAView() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(StructureView.class, KhoserPointer.class)
        .and(callOffset())
        .should()
        .callMethodWhere(
            target(owner(name(MemorySegment.class.getName())))
                .and(target(nameMatching("[gs]et.*"))))
        .check(MAIN);
  }

  private static DescribedPredicate<JavaClass> callOffset() {
    return DescribedPredicate.describe(
        "ask a field for its offset",
        type ->
            type.getMethodCallsFromSelf().stream()
                .anyMatch(call ->
                    call.getTargetOwner().isEquivalentTo(Field.class)
                        && call.getName().equals("offset")));
  }
}
