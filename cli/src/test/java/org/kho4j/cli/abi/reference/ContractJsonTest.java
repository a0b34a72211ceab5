package org.kho4j.cli.abi.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.Contract;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ContractJsonTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Test
  void theTextHasALineForEachFlatObject() {
    String text = ContractJson.text();
    assertThat(MAPPER.readTree(text)).isEqualTo(MAPPER.readTree(written(ContractJson.all())));
    assertThat(text)
        .startsWith("{\n  \"schema\": \"kho4j/abi/1\",\n")
        .contains("\n    { \"name\": \"4K\", \"bytes\": 4096, \"shift\": 12 },\n")
        .endsWith("\n}\n");
  }

  @Test
  void everyTargetIsDescribedSomewhere() {
    JsonNode all = MAPPER.readTree(written(ContractJson.all()));
    Set<String> names = new HashSet<>();
    Set<String> targets = new HashSet<>();
    for (JsonNode structure :
        all.findValues("structures").stream().flatMap(it -> it.valueStream()).toList()) {
      names.add(structure.get("name").asString());
    }
    for (JsonNode target : all.findValues("target")) {
      targets.add(target.asString());
    }
    assertThat(names).containsAll(targets);
    assertThat(targets).contains("kho_vmalloc_chunk", "memfd_luo_folio_ser", "luo_flb_header_ser");
  }

  @Test
  void hasWhatADecoderNeeds() {
    JsonNode all = MAPPER.readTree(written(ContractJson.all()));
    assertThat(all.get("schema").asString()).isEqualTo("kho4j/abi/1");
    JsonNode kho = all.get("components").get(0);
    JsonNode v4 = kho.get("versions").get(kho.get("versions").size() - 1);
    assertThat(v4.get("id").asString()).isEqualTo("kho-v4");
    assertThat(v4.at("/map/radix/16K/depth").asInt()).isEqualTo(5);
    assertThat(v4.at("/map/radix/4K/levels/5/shift").asInt()).isEqualTo(51);
    assertThat(v4.get("fingerprint").asString()).hasSize(64);
  }

  @Test
  void writesSomeVersionsOrStructures() {
    var version = Contract.version("memfd-v2").orElseThrow();
    assertThat(
            MAPPER
                .readTree(written(ContractJson.versions(List.of(version))))
                .at("/versions/0/id")
                .asString())
        .isEqualTo("memfd-v2");
    var structure = version.structures().getFirst();
    assertThat(
            MAPPER
                .readTree(written(ContractJson.structures(List.of(structure))))
                .at("/structures/0/fields/2/bits/5/name")
                .asString())
        .isEqualTo("F_SEAL_EXEC");
  }

  @Test
  void writesReleasesOrLimits() {
    JsonNode all = MAPPER.readTree(written(ContractJson.all()));
    assertThat(MAPPER.readTree(written(ContractJson.only("releases"))).get("releases"))
        .isEqualTo(all.get("releases"));
    assertThat(MAPPER.readTree(written(ContractJson.only("limits"))).get("limits"))
        .isEqualTo(all.get("limits"));
  }

  private static String written(Object content) {
    StringWriter out = new StringWriter();
    try (JsonGenerator generator =
        new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      ContractJson.write(generator, content);
    }
    return out.toString();
  }
}
