package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every number of the tables, once more and written out, so that none is only its own witness. */
class LayoutTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kho-v1@6.16      | khoser_mem_chunk      | next 0/8, order 8/4, num_elms 12/4
          kho-v1@6.16      | khoser_mem_bitmap_ptr | phys_start 0/8, bitmap 8/8
          kho-v1@6.16      | kho_mem_phys_bits     | preserve 0/512
          kho-v1@6.18      | kho_vmalloc           | first 0/8, total_pages 8/4, flags 12/2, order 14/2
          kho-v4           | kho_vmalloc_chunk     | next 0/8
          kho-v4           | kho_block_header_ser  | next 0/8, count 8/8
          luo-v2           | luo_abi_header        | liveupdate_num 0/8, sessions_pa 8/8, flbs_pa 16/8
          luo-v5           | luo_ser               | compatible 0/8, liveupdate_num 8/8, sessions_pa 16/8, flbs_pa 24/8
          luo-v5           | luo_session_ser       | name 0/64, file_set_ser 64/16
          luo-v5           | luo_file_set_ser      | files 0/8, count 8/8
          luo-v5           | luo_file_ser          | compatible 0/48, data 48/8, token 56/8
          luo-v5           | luo_flb_header_ser    | pgcnt 0/8, count 8/8
          luo-v5           | luo_flb_ser           | name 0/48, data 48/8, count 56/8
          luo-v1@6.19      | luo_session_header_ser | count 0/8
          memfd-v1         | memfd_luo_ser         | pos 0/8, size 8/8, nr_folios 16/8, folios 24/16
          memfd-v2         | memfd_luo_ser         | pos 0/8, size 8/8, seals 16/4, flags 20/4, nr_folios 24/8, folios 32/16
          memfd-v2         | memfd_luo_folio_ser   | pfn, flags 0/8, index 8/8
          kexec-metadata-1 | kho_kexec_metadata    | version 0/4, previous_release 4/65, kexec_count 69/4
          boot-x86-64      | setup_data            | next 0/8, type 8/4, len 12/4, fdt_addr 16/8, fdt_size 24/8, scratch_addr 32/8, scratch_size 40/8
          boot-arm64       | kho_scratch           | addr 0/8, size 8/8
          """)
  void offsetsAndSizes(String version, String structure, String fields) {
    assertThat(
            structure(version, structure).fields().stream()
                .map(field -> field.name() + " " + field.offset() + "/" + field.size())
                .collect(Collectors.joining(", ")))
        .isEqualTo(fields);
  }

  @ParameterizedTest
  @CsvSource({
    "khoser_mem_bitmap_ptr, kho-v1@6.18, 16",
    "kho_mem_phys_bits, kho-v1@6.16, 512",
    "kho_vmalloc, kho-v4, 16",
    "memfd_luo_ser, memfd-v1, 40",
    "memfd_luo_ser, memfd-v2, 48",
    "memfd_luo_folio_ser, memfd-v2, 16",
    "kho_kexec_metadata, kexec-metadata-1, 73",
    "kho_scratch, boot-x86-64, 16",
    "setup_data, boot-x86-64, 48",
    "luo_abi_header, luo-v2, 24",
    "luo_ser, luo-v3, 32",
    "luo_ser, luo-v5, 32",
    "luo_session_ser, luo-v1@7.0, 80",
    "luo_session_ser, luo-v5, 80",
    "luo_file_set_ser, luo-v1@6.19, 16",
    "luo_file_ser, luo-v4, 64",
    "luo_flb_ser, luo-v1@7.0, 64"
  })
  void fixedSizes(String structure, String version, int bytes) {
    assertThat(structure(version, structure).headerSize()).isEqualTo(bytes);
    assertThat(structure(version, structure).elements()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "khoser_mem_chunk, kho-v1@6.16, 255, 1023, 4095",
    "kho_vmalloc_chunk, kho-v4, 511, 2047, 8191",
    "kho_radix_node, kho-v4, 512, 2048, 8192",
    "kho_radix_leaf, kho-v4, 512, 2048, 8192",
    "kho_mem_phys_bits, kho-v1@6.18, 512, 2048, 8192",
    "luo_session_header_ser, luo-v1@6.19, 819, 3276, 13107",
    "luo_file_ser array, luo-v1@6.19, 128, 512, 2048",
    "luo_flb_header_ser, luo-v5, 63, 255, 1023",
    "kho_block_header_ser of luo_session_ser, luo-v5, 51, 204, 819",
    "kho_block_header_ser of luo_file_ser, luo-v5, 63, 255, 1023"
  })
  void capacities(String structure, String version, int of4k, int of16k, int of64k) {
    Structure it = structure(version, structure);
    assertThat(it.capacity(PageSize.SIZE_4K)).isEqualTo(of4k);
    assertThat(it.capacity(PageSize.SIZE_16K)).isEqualTo(of16k);
    assertThat(it.capacity(PageSize.SIZE_64K)).isEqualTo(of64k);
  }

  @Test
  void blocksHoldWhatTheirHeaderLeaves() {
    assertThat(KhoBlock.capacity(PageSize.SIZE_4K, 80)).isEqualTo(51);
    assertThat(KhoBlock.capacity(PageSize.SIZE_16K, 80)).isEqualTo(204);
    assertThat(KhoBlock.capacity(PageSize.SIZE_64K, 80)).isEqualTo(819);
    assertThat(KhoBlock.capacity(PageSize.SIZE_4K, 64)).isEqualTo(63);
    assertThat(KhoBlock.capacity(PageSize.SIZE_64K, 64)).isEqualTo(1023);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsListedByPageFillsWholePages(PageSize size) {
    assertThat(KhoVmallocChunk.STRUCTURE.size(size)).isEqualTo(size.bytes());
    assertThat(KhoserMemChunk.STRUCTURE.size(size)).isEqualTo(size.bytes());
    assertThat(KhoserMemChunk.PAGE_BITMAP.size(size)).isEqualTo(size.bytes());
    assertThat(KhoRadix.NODE.size(size)).isEqualTo(size.bytes());
    assertThat(KhoRadix.LEAF.size(size)).isEqualTo(size.bytes());
    assertThat(KhoBlock.STRUCTURE.size(size)).isEqualTo(size.bytes());
    assertThat(LuoFlb.HEADER.size(size)).isEqualTo(size.bytes());
    assertThat(LuoArrays.SESSIONS.size(size)).isEqualTo(16 * size.bytes());
    assertThat(LuoArrays.FILES.size(size)).isEqualTo(2 * size.bytes());
  }

  @Test
  void orderOfWhatIsPreserved() {
    assertThat(LuoArrays.SESSIONS.lifetime().order()).isEqualTo(4);
    assertThat(LuoArrays.FILES.lifetime().order()).isEqualTo(1);
    assertThat(
            List.of(
                KhoVmallocChunk.STRUCTURE,
                KhoBlock.STRUCTURE,
                LuoBlocks.SESSIONS,
                LuoBlocks.FILES,
                LuoSer.STRUCTURE,
                LuoFlb.HEADER,
                MemfdSer.V1,
                MemfdSer.V2,
                KexecMetadata.STRUCTURE))
        .allMatch(structure -> structure.lifetime().order() == 0);
    assertThat(FdtLayout.MEMBLOCK.lifetime().order()).isZero();
    assertThat(FdtLayout.root(KhoVersion.V4).lifetime().order()).isZero();
    assertThat(
            List.of(
                KhoRadix.NODE,
                KhoRadix.LEAF,
                KhoserMemChunk.STRUCTURE,
                KhoserMemChunk.SMALL_BITMAP))
        .allMatch(structure -> structure.lifetime().kind() == Lifetime.Kind.UNTIL_READ);
  }

  @Test
  void constants() {
    assertThat(KhoBlock.MAX_BLOCKS).isEqualTo(10_000);
    assertThat(SetupData.TYPE_KEXEC_KHO).isEqualTo(10);
    assertThat(KexecMetadata.VERSION_1).isEqualTo(1);
    assertThat(MemfdSer.SEALS_MASK).isEqualTo(0x3f);
    assertThat(FdtLayout.KHO_TEST_MAGIC_NUMBER).isEqualTo(0x4b484f21);
    assertThat(KhoVmalloc.FLAG_ALLOC).isEqualTo(1);
    assertThat(KhoVmalloc.FLAG_ALLOW_HUGE).isEqualTo(2);
    assertThat(Limits.SESSION_NAME).isEqualTo(63);
    assertThat(Limits.RESERVE_MEM_ENTRIES).isEqualTo(8);
    assertThat(Limits.RESERVE_MEM_NAME).isEqualTo(15);
    assertThat(Limits.scratchAlignment(PageSize.SIZE_4K)).isEqualTo(4 << 20);
    assertThat(Limits.scratchAlignment(PageSize.SIZE_16K)).isEqualTo(32 << 20);
    assertThat(Limits.scratchAlignment(PageSize.SIZE_64K)).isEqualTo(512 << 20);
  }

  @ParameterizedTest
  @CsvSource({
    "kho-v1@6.16, 'compatible=kho-v1, preserved-memory-map, fdt'",
    "kho-v2, 'compatible=kho-v2, preserved-memory-map, preserved-data'",
    "kho-v3@7.1, 'compatible=kho-v3, preserved-memory-map, blob-size, preserved-data'",
    "kho-v4, 'compatible=kho-v4, preserved-memory-map, blob-size, preserved-data'",
    "luo-v1@6.19, 'compatible=luo-v1, liveupdate-number, compatible=luo-session-v2, luo-session-header'",
    "luo-v1@7.0, 'compatible=luo-v1, liveupdate-number, compatible=luo-session-v2, luo-session-header,"
        + " compatible=luo-flb-v1, luo-flb-header'",
    "luo-v2, 'compatible=luo-v2, luo-abi-header'",
    "memblock-v1, 'compatible=memblock-v1, compatible=reserve-mem-v1, start, size'",
    "kho-test-v1, 'compatible=kho-test-v1, magic=0x4b484f21, nr_folios, folios_info, csum'",
    "boot-arm64, 'linux,kho-fdt, linux,kho-scratch'"
  })
  void propertiesOfTrees(String version, String properties) {
    FdtLayout tree = Contract.version(version).orElseThrow().trees().getFirst();
    assertThat(
            tree.properties().stream()
                .map(p -> p.field().name() + (p.value() == null ? "" : "=" + p.value()))
                .collect(Collectors.joining(", ")))
        .isEqualTo(properties);
  }

  @Test
  void compatibleStringsCountTheirNul() {
    assertThat(FdtLayout.root(KhoVersion.V4).properties().getFirst().field().size()).isEqualTo(7);
  }

  @Test
  void aPointerLeadsToTheStructureOfItsVersion() {
    assertThat(KhoVmallocChunk.NEXT.target()).isSameAs(KhoVmallocChunk.STRUCTURE);
    assertThat(LuoSer.SESSIONS_PA.target()).isSameAs(LuoBlocks.SESSIONS);
    for (LuoVersion version : LuoVersion.ALL) {
      Field session = Objects.requireNonNull(version.sessionList().elements());
      Structure set =
          Objects.requireNonNull(session.target()).field("file_set_ser").orElseThrow().target();
      assertThat(Objects.requireNonNull(set).field("files").orElseThrow().target())
          .as("files of %s", version)
          .isSameAs(version.fileList());
    }
  }

  @Test
  void aStructureHasItsOwnFieldsAlone() {
    assertThat(KhoVmalloc.STRUCTURE.has(KhoVmalloc.FIRST)).isTrue();
    assertThat(KhoVmalloc.STRUCTURE.has(KhoVmallocChunk.NEXT)).isFalse();
    assertThat(LuoSer.V4.fields()).isEqualTo(LuoSer.STRUCTURE.fields());
    assertThat(LuoSer.V4.has(LuoSer.SESSIONS_PA)).isFalse();
    Field entries = Objects.requireNonNull(KhoVmallocChunk.STRUCTURE.elements());
    assertThat(KhoVmallocChunk.STRUCTURE.has(entries)).isTrue();
  }

  @Test
  void structuresThatLeadToThemselvesCompareAndPrint() {
    assertThat(KhoVmallocChunk.STRUCTURE)
        .isNotEqualTo(KhoBlock.STRUCTURE)
        .doesNotHaveSameHashCodeAs(KhoBlock.STRUCTURE);
    assertThat(KhoVmallocChunk.STRUCTURE.toString()).contains("fields=[next]");
  }

  @Test
  void refusesLayoutsThatDoNotAddUp() {
    Field gap = Field.u64(8, "late", "");
    assertThatThrownBy(
            () -> Structure.fixed("s", Releases.NEVER, Lifetime.partOf("x"), "", "", gap))
        .hasMessageContaining("s.late is at 8, expected 0");
    assertThatThrownBy(() ->
            Structure.paged(
                    "s",
                    1,
                    Field.embedded(8, "e", LuoSession.STRUCTURE, ""),
                    Releases.NEVER,
                    Lifetime.partOf("x"),
                    "",
                    "",
                    Field.u64(0, "next", ""))
                .filled())
        .hasMessageContaining("leaves 8 bytes of 4K pages unused");
    assertThatThrownBy(() -> Field.u16(0, "f", "").withBits(new Field.Bits("b", 15, 2, "")))
        .hasMessageContaining("bits b are not within 2 bytes");
  }

  private static Structure structure(String version, String name) {
    return Contract.version(version).orElseThrow().structure(name).orElseThrow();
  }
}
