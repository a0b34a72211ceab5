package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The code of the first tests is that of real kernels around the call, with the addresses of a
 * message at 0xffffffff81500000 (x86-64) or behind the code (arm64).
 */
class MetadataNumberTest {

  private static final long CODE = 0xffffffff81000000L;
  private static final Place MESSAGE =
      new Place(".rodata", 0x500000, OptionalLong.of(0xffffffff81500000L));

  /** Linux 7.3.4 by gcc 14, -Os: {@code cmp $1,%eax; je; mov $1,%edx; mov %eax,%esi; …}. */
  private static final String X86 =
      "8b06 83f801 7415 ba01000000 89c6 48c7c700005081 e8919677ff eb55";

  private static Optional<Long> x86(String hex) {
    byte[] code = bytes(hex);
    return MetadataNumber.read(
            MemorySegment.ofArray(code),
            Architecture.X86_64,
            MESSAGE,
            List.of(new LoadedRange(".init.text", 0, code.length, OptionalLong.of(CODE))))
        .map(Found::value);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
  }

  @Test
  void theThirdArgumentOfTheMessageIsTheNumber() {
    assertThat(x86(X86)).contains(1L);
    assertThat(x86(X86.replace("ba01", "ba02"))).contains(2L);
  }

  @Test
  void theArgumentsComeInAnyOrder() {
    assertThat(x86("7415 48c7c700005081 89c6 ba03000000 e800000000")).contains(3L);
    assertThat(x86("7415 ba03000000 48c7c700005081 8b33 31c0 e800000000")).contains(3L);
  }

  @Test
  void theAddressMayBeRelativeToTheInstruction() {
    // lea 0x4ffff4(%rip),%rdi at 0x5: 0xffffffff8100000c + 0x4ffff4
    assertThat(x86("ba04000000 488d3df4ff4f00 89c6 e800000000 00000000")).contains(4L);
  }

  /** Of an argument that is computed, of another call's, or behind a jump, nothing is known. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "89da 89c6 48c7c700005081 e800000000 00000000",
        "ba01000000 e800000000 89c6 48c7c700005081 e800000000 00000000",
        "ba01000000 eb02 89c6 48c7c700005081 e800000000 00000000",
        "ba01000000 89c6 48c7c700005081 c3 00000000 00000000",
        "ba01000000 89c6 48c7c710005081 e800000000 00000000",
        "48c7c700005081",
        "",
      })
  void nothingIsGuessed(String code) {
    assertThat(x86(code)).isEmpty();
  }

  @Test
  void twoCallsHaveToAgree() {
    assertThat(x86(X86 + X86)).contains(1L);
    assertThat(x86(X86 + X86.replace("ba01", "ba02"))).isEmpty();
    assertThat(x86(X86 + "89da 48c7c700005081 e800000000 00000000")).isEmpty();
  }

  /** Before the code: adrp and add of the message; behind it, the message. */
  private static Optional<Long> arm64(String hex) {
    byte[] code = bytes(hex);
    return MetadataNumber.read(
            MemorySegment.ofArray(code),
            Architecture.ARM64,
            new Place("", 0x1234, OptionalLong.empty()),
            List.of(new LoadedRange("", 0, code.length, OptionalLong.empty())))
        .map(Found::value);
  }

  private static final String ADRP_X0 = "000000b0";
  private static final String ADD_X0 = "00d00891";
  private static final String BL = "00000094";
  private static final String NOP = "1f2003d5";

  @Test
  void onArm64TheThirdArgumentIsW2() {
    assertThat(arm64("22008052" + ADRP_X0 + ADD_X0 + BL)).contains(1L);
    assertThat(arm64(ADRP_X0 + "42008052" + NOP + ADD_X0 + BL)).contains(2L);
    assertThat(arm64(NOP + NOP + ADRP_X0 + ADD_X0 + "62008052" + BL)).contains(3L);
  }

  @Test
  void onArm64NothingIsGuessed() {
    assertThat(arm64(ADRP_X0 + ADD_X0 + BL)).isEmpty();
    // the constant belongs to the call before
    assertThat(arm64("22008052" + BL + ADRP_X0 + ADD_X0 + BL)).isEmpty();
    // mov w2, w19
    assertThat(arm64("e203132a" + ADRP_X0 + ADD_X0 + BL)).isEmpty();
    // a return before the call
    assertThat(arm64("22008052" + ADRP_X0 + ADD_X0 + "c0035fd6")).isEmpty();
  }

  /** In a kernel, the message has a level and a prefix before it. */
  @Test
  void theMessageIsFoundWithWhatIsBeforeIt() {
    ByteArrayOutputStream rodata = new ByteArrayOutputStream();
    rodata.writeBytes(new byte[16]);
    rodata.writeBytes(
        "\0\0014KHO: kexec-metadata version %u not supported (expected %u)\n\0"
            .getBytes(StandardCharsets.US_ASCII));
    byte[] bytes = rodata.toByteArray();
    StringScan scan = new StringScan(MemorySegment.ofArray(bytes));
    scan.scan(new LoadedRange(".rodata", 0, bytes.length, OptionalLong.of(0xffffffff81500000L)));
    assertThat(scan.metadataMessage())
        .contains(new Place(".rodata", 17, OptionalLong.of(0xffffffff81500011L)));
  }
}
