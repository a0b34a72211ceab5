package org.kho4j.preflight.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.abi.Contract;
import org.kho4j.abi.PageSize;
import org.kho4j.preflight.part.Part;

/** What pahole prints of real kernels, for the structures that C declares in a shape of its own. */
class KernelTypeTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kho-v4        | kho_vmalloc            | 16   | first 0/64, total_pages 64/32, flags 96/16, order 112/16
          kho-v4        | kho_vmalloc_chunk      | 4096 | hdr 0/64, phys 64/32704
          kho-v1@6.18   | khoser_mem_chunk       | 4096 | hdr 0/128, bitmaps 128/32640
          kho-v1@6.16   | kho_mem_phys_bits      | 512  | preserve 0/4096
          kho-v1@6.18   | kho_mem_phys_bits      | 4096 | preserve 0/32768
          kho-v4        | kho_radix_node         | 4096 | table 0/32768
          kho-v4        | kho_block_header_ser   | 16   | next 0/64, count 64/64
          luo-v1@7.0    | luo_session_header_ser | 8    | count 0/64
          luo-v5        | luo_flb_header_ser     | 16   | pgcnt 0/64, count 64/64
          luo-v5        | luo_session_ser        | 80   | name 0/512, file_set_ser 512/128
          memfd-v2      | memfd_luo_folio_ser    | 16   | pfn 0/52, flags 52/12, index 64/64
          """)
  void followsFromTheStructure(String version, String name, long size, String members) {
    KernelType type =
        KernelType.of(
                Contract.version(version).orElseThrow().structure(name).orElseThrow(),
                PageSize.SIZE_4K)
            .orElseThrow();
    assertThat(type.size()).isEqualTo(size);
    assertThat(
            type.members().stream()
                .map(member -> member.name() + " " + member.bitOffset() + "/" + member.bitSize())
                .collect(Collectors.joining(", ")))
        .isEqualTo(members);
  }

  @Test
  void listsThatTheKernelHasNoTypeForHaveNoDeclaration() {
    assertThat(
            Contract.version("luo-v5").orElseThrow().structures().stream()
                .filter(structure -> KernelType.of(structure, PageSize.SIZE_4K).isEmpty())
                .map(structure -> structure.name()))
        .containsExactly(
            "kho_block_header_ser of luo_session_ser", "kho_block_header_ser of luo_file_ser");
  }

  @Test
  void preflightReadsEveryTagOfTheContract() {
    assertThat(Part.allTypes())
        .contains("kho_vmalloc", "kho_radix_leaf", "luo_session_header_ser", "memfd_luo_ser")
        .contains("khoser_mem_chunk_hdr", "kho_kexec_metadata", "kho_mem_phys_bits");
  }
}
