package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.kho4j.preflight.btf.BtfBuilder;

class BuiltInTest {

  private static final int FUNC = 12;
  private static final int FUNC_PROTO = 13;

  private static KernelImage kernel(
      Optional<List<FoundString>> strings,
      Optional<Map<String, String>> config,
      String... functions)
      throws IOException {
    BtfBuilder btf = new BtfBuilder().type("", FUNC_PROTO, false, 0, 0);
    for (String function : functions) {
      btf.type(function, FUNC, false, 0, 1);
    }
    return new KernelImage(
        Path.of("kernel"),
        KernelImage.Form.VMLINUX,
        Optional.empty(),
        Architecture.X86_64,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        strings,
        config,
        Optional.empty(),
        functions.length == 0 ? Optional.empty() : Optional.of(btf.read()),
        Optional.empty(),
        Optional.empty());
  }

  private static BuiltIn.State state(Feature feature, String... functions) throws IOException {
    return BuiltIn.of(kernel(Optional.of(List.of()), Optional.empty(), functions), feature).state();
  }

  @Test
  void functionsShowWhatIsBuiltIn() throws IOException {
    assertThat(state(Feature.KHO, "kho_preserve_folio")).isEqualTo(BuiltIn.State.YES);
    assertThat(state(Feature.KHO, "start_kernel")).isEqualTo(BuiltIn.State.NO);
  }

  @Test
  void whatIsMissingMayBeAModuleWhereModulesCanBeLoaded() throws IOException {
    assertThat(state(Feature.KHO_TEST, "start_kernel", "register_module_notifier"))
        .isEqualTo(BuiltIn.State.UNKNOWN);
    assertThat(state(Feature.KHO_TEST, "start_kernel")).isEqualTo(BuiltIn.State.NO);
    assertThat(state(Feature.KHO_TEST, "kho_test_init", "register_module_notifier"))
        .isEqualTo(BuiltIn.State.YES);
  }

  @Test
  void withoutFunctionsNothingSaysThatThereAreNoModules() throws IOException {
    assertThat(state(Feature.KHO_TEST)).isEqualTo(BuiltIn.State.UNKNOWN);
    assertThat(state(Feature.KHO)).isEqualTo(BuiltIn.State.NO);
  }

  @Test
  void theConfigurationDecidesWhereItIsBuiltIn() throws IOException {
    KernelImage kernel =
        kernel(
            Optional.of(List.of()),
            Optional.of(Map.of("CONFIG_TEST_KEXEC_HANDOVER", "m")),
            "kho_preserve_folio");
    assertThat(BuiltIn.of(kernel, Feature.KHO_TEST).state()).isEqualTo(BuiltIn.State.MODULE);
    assertThat(BuiltIn.of(kernel, Feature.KHO).state()).isEqualTo(BuiltIn.State.NO);
  }

  /** The first trees with LUO had memfd-v1, and no option of its own for it. */
  @Test
  void aWholeStringOutweighsAnOptionThatTheConfigurationLacks() throws IOException {
    FoundString memfd =
        new FoundString("memfd-v1", new Place("", 0x2000, OptionalLong.empty()), "");
    KernelImage kernel =
        kernel(Optional.of(List.of(memfd)), Optional.of(Map.of("CONFIG_LIVEUPDATE", "y")));
    assertThat(BuiltIn.of(kernel, Feature.MEMFD))
        .isEqualTo(new BuiltIn(BuiltIn.State.YES, "string \"memfd-v1\" at offset 0x2000"));
    assertThat(BuiltIn.of(kernel, Feature.TEST_FLB))
        .isEqualTo(
            new BuiltIn(
                BuiltIn.State.NO, "no CONFIG_LIVEUPDATE_TEST in its built-in configuration"));
    KernelImage off =
        kernel(Optional.of(List.of(memfd)), Optional.of(Map.of("CONFIG_LIVEUPDATE_MEMFD", "n")));
    assertThat(BuiltIn.of(off, Feature.MEMFD).state()).isEqualTo(BuiltIn.State.NO);
  }

  @Test
  void theEndOfALongerStringIsNoEvidence() throws IOException {
    FoundString tail = new FoundString("kho-v4", new Place("", 0, OptionalLong.empty()), "wants ");
    BuiltIn built = BuiltIn.of(kernel(Optional.of(List.of(tail)), Optional.empty()), Feature.KHO);
    assertThat(built.state()).isEqualTo(BuiltIn.State.UNKNOWN);
    assertThat(built.evidence()).contains("only the end of \"wants kho-v4\"");
  }

  @Test
  void typesAloneDoNotSayThatAFunctionIsMissingWhenTheyHaveNone() throws IOException {
    KernelImage types =
        new KernelImage(
            Path.of("btf"),
            KernelImage.Form.BTF,
            Optional.empty(),
            Architecture.UNKNOWN,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(new BtfBuilder().u32().read()),
            Optional.empty(),
            Optional.empty());
    assertThat(BuiltIn.of(types, Feature.KHO).state()).isEqualTo(BuiltIn.State.UNKNOWN);
  }
}
