package org.kho4j.handover.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.kho4j.handover.handmade.KernelMemory.HERE;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Wire;
import org.kho4j.handover.handmade.SparseMemory;

class PointerFieldTest {

  private record Page(long address) implements Located {
    static Page load(HandoverMemory memory, Where where, long address) {
      memory.page(where, address);
      return new Page(address);
    }
  }

  private static final PointerField<Page> FLBS = new PointerField<>(LuoSer.FLBS_PA, Page::load);

  private final MemorySegment structure = MemorySegment.ofArray(new byte[32]);
  private final HandoverMemory memory =
      new HandoverMemory(new SparseMemory().zeros(0x5000, 4096), PageSize.SIZE_4K);

  @Test
  void storesThePhysicalAddress() {
    FLBS.store(structure, new Page(0x123456000L));

    assertThat(structure.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
        .startsWith(new byte[24])
        .endsWith(0, 0x60, 0x45, 0x23, 1, 0, 0, 0);
  }

  @Test
  void nullIsStoredAsZero() {
    structure.fill((byte) -1);
    FLBS.store(structure, null);

    assertThat(structure.get(Wire.U64, 24)).isZero();
    assertThat(structure.get(Wire.U64, 16)).isEqualTo(-1);
  }

  @Test
  void zeroIsLoadedAsNull() {
    assertThat(FLBS.load(structure, memory, HERE)).isNull();
  }

  @Test
  void loadsWhatItPointsAt() {
    structure.set(Wire.U64, 24, 0x5000);

    assertThat(FLBS.load(structure, memory, HERE)).isEqualTo(new Page(0x5000));
  }

  @Test
  void whatIsNotThereIsNamed() {
    structure.set(Wire.U64, 24, 0x6000);

    assertThat(sentenceOf(() -> FLBS.load(structure, memory, HERE)))
        .isEqualTo("/here at 0x6000: 0x6000 is absent");
  }

  @Test
  void aFieldThatIsNoAddressIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PointerField<>(KhoVmalloc.TOTAL_PAGES, Page::load))
        .withMessage("total_pages is of type u32, not phys");
  }
}
