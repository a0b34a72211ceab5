package org.kho4j.abi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The catalogue is complete enough to decode from: a decoder that has no offset, size or target of
 * its own, on memory of real kernels. What is expected was found by an independent decoder.
 */
class TableDecoderTest {

  private static final ContractVersion LUO = Contract.version("luo-v5").orElseThrow();
  private static final ContractVersion MEMFD = Contract.version("memfd-v2").orElseThrow();

  @ParameterizedTest
  @CsvSource({
    "linux-7.3.4-jump-luo, SIZE_4K, 0x698000, 0x511000, 36",
    "linux-7.3.4-arm64-16k-jump-luo, SIZE_16K, 0x4248c000, 0x42174000, 35"
  })
  void readsSessionsFilesAndFlbsFromTheTablesAlone(
      String capture, PageSize pageSize, String head, String map, int preservations) {
    CapturedPages memory = CapturedPages.read(capture, pageSize);
    Map<Long, Integer> blocks = memory.preserved(Long.decode(map));
    assertThat(blocks).hasSize(preservations);

    Map<String, Object> luo = read(memory, structure("luo_ser"), Long.decode(head));
    List<String> found = new ArrayList<>();
    for (var session : list(memory, target("luo_ser", "sessions_pa"), number(luo, "sessions_pa"))) {
      found.add("session " + session.get("name"));
      Map<?, ?> set = (Map<?, ?>) session.get("file_set_ser");
      for (var file : list(memory, target("luo_file_set_ser", "files"), number(set, "files"))) {
        Map<String, Object> memfd =
            read(memory, MEMFD.structure("memfd_luo_ser").orElseThrow(), number(file, "data"));
        found.add(
            "  "
                + file.get("compatible")
                + " "
                + file.get("token")
                + " "
                + memfd.get("size")
                + " "
                + folioOrder(memory, (Map<?, ?>) memfd.get("folios"), blocks));
      }
    }
    for (var flb : list(memory, target("luo_ser", "flbs_pa"), number(luo, "flbs_pa"))) {
      found.add("flb " + flb.get("name") + " " + flb.get("count"));
    }
    int size = pageSize.bytes();
    assertThat(found)
        .containsExactly(
            "session kexec_multi_state",
            "  memfd-v2 998 " + size + " order 0",
            "session multi-test-empty-1",
            "session multi-test-empty-2",
            "session multi-test-files-1",
            "  memfd-v2 4097 " + size + " order 0",
            "session multi-test-files-2",
            "  memfd-v2 8194 " + size + " order 0",
            "  memfd-v2 12291 " + size + " order 0",
            "flb liveupdate-test-flb-v0 4",
            "flb liveupdate-test-flb-v1 4",
            "flb liveupdate-test-flb-v2 4");
  }

  private static String folioOrder(
      CapturedPages memory, Map<?, ?> descriptor, Map<Long, Integer> blocks) {
    Structure ser = MEMFD.structure("memfd_luo_ser").orElseThrow();
    Structure chunks = target(target(ser, "folios"), "first");
    long chunk = number(descriptor, "first");
    assertThat(elements(chunks).type()).isEqualTo(Field.Type.PHYS);
    long page = memory.page(chunk).getLong(elements(chunks).offset());
    Structure folio = MEMFD.areas().getFirst().elements().target();
    Map<String, Object> entry = read(memory, Objects.requireNonNull(folio), page);
    long address = number(entry, "pfn") * memory.pageSize().bytes();
    assertThat(blocks).containsKeys(chunk, page, address);
    assertThat(entry).containsEntry("dirty", 1L).containsEntry("uptodate", 1L);
    return "order " + blocks.get(address);
  }

  /** Entries of a list of pages: by {@code next} where the structure has one. */
  private static List<Map<String, Object>> list(CapturedPages memory, Structure list, long first) {
    Field elements = elements(list);
    List<Map<String, Object>> entries = new ArrayList<>();
    for (long page = first; page != 0; ) {
      Map<String, Object> header = read(memory, list, page);
      assertThat(number(header, "count")).isBetween(1L, (long) list.capacity(memory.pageSize()));
      for (int i = 0; i < number(header, "count"); i++) {
        long offset = elements.offset() + (long) i * elements.size();
        entries.add(read(memory, Objects.requireNonNull(elements.target()), page + offset));
      }
      page = list.field("next").isPresent() ? number(header, "next") : 0;
    }
    return entries;
  }

  private static Map<String, Object> read(CapturedPages memory, Structure structure, long address) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Field field : structure.fields()) {
      long at = address + field.offset();
      ByteBuffer bytes =
          ByteBuffer.wrap(memory.bytes(at, field.size())).order(ByteOrder.LITTLE_ENDIAN);
      Object value =
          switch (field.type()) {
            case U8 -> (long) bytes.get();
            case U16 -> (long) bytes.getShort();
            case U32 -> (long) bytes.getInt();
            case U64, PHYS -> bytes.getLong();
            case CHARS -> new String(bytes.array(), US_ASCII).split("\0", 2)[0];
            case STRUCTURE -> read(memory, Objects.requireNonNull(field.target()), at);
            case BYTES -> bytes;
          };
      values.put(field.name(), value);
      for (Field.Bits bits : field.bits()) {
        values.put(bits.name(), (long) value >>> bits.low() & (1L << bits.width()) - 1);
      }
    }
    return values;
  }

  private static Structure structure(String name) {
    return LUO.structure(name).orElseThrow();
  }

  private static Structure target(String structure, String field) {
    return target(structure(structure), field);
  }

  private static Structure target(Structure structure, String field) {
    return Objects.requireNonNull(structure.field(field).orElseThrow().target());
  }

  private static Field elements(Structure structure) {
    return Objects.requireNonNull(structure.elements());
  }

  private static long number(Map<?, ?> values, String name) {
    return (long) values.get(name);
  }
}
