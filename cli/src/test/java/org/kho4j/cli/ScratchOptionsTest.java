package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;

/** The scratch regions of a handover that {@code kho author} wrote, with its boot record. */
class ScratchOptionsTest {

  private static final long RECORD = 0x10000010;
  private static final long SIZE_OF_REGION = 0x10000008;

  @TempDir private Path directory;
  private Path ram;

  @BeforeEach
  void author() {
    ram = directory.resolve("ram");
    kho(0, "author", "../examples/author/luo.jsonc", "-o", ram);
  }

  @Test
  void anOptionThatLeadsToNoRegionsIsNamedByEveryCommandThatTakesIt() {
    String refused = "/boot-record at 0x200000000a: " + ram + " has no memory at 0x200000000a\n";
    assertThat(kho(1, "verify", ram, "--setup-data", RECORD + 8).out()).contains(refused.strip());
    assertThat(kho(0, "inspect", ram, "--setup-data", RECORD).out())
        .contains("scratch: 256 MiB in 1 region")
        .doesNotContain("error ");
    assertThat(kho(0, "inspect", ram, "--setup-data", RECORD + 8).out())
        .contains("error " + refused);
    for (List<Object> command :
        List.<List<Object>>of(List.of("who", ram, "0"), List.of("show", ram))) {
      List<Object> wrong = new ArrayList<>(command);
      wrong.addAll(List.of("--setup-data", RECORD + 8));
      assertThat(kho(0, wrong.toArray()).err()).contains("kho: " + refused);
      wrong.set(wrong.size() - 1, RECORD);
      assertThat(kho(0, wrong.toArray()).err()).isEmpty();
    }
  }

  /** The array that kexec has not copied yet is no fault. */
  @Test
  void anArrayOfZerosIsNoError() {
    String zeros = "0xf000000,32";

    assertThat(kho(0, "verify", ram, "--scratch-array", zeros).out())
        .contains("not checked: scratch: the array at 0xf000000 is zeros")
        .doesNotContain("SCRATCH-");
    assertThat(kho(0, "inspect", ram, "--scratch-array", zeros).out()).doesNotContain("error ");
    assertThat(kho(0, "who", ram, "0", "--scratch-array", zeros).err()).isEmpty();
    assertThat(kho(0, "show", ram, "--scratch-array", zeros).err()).isEmpty();
  }

  @Test
  void regionsThatWereRefusedAreNotJudgedByTheirSum() throws IOException {
    ByteBuffer size = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      file.write(size.putLong(0, 0x10000800), SIZE_OF_REGION);
    }

    assertThat(kho(1, "verify", ram, "--setup-data", RECORD).out())
        .contains("SCRATCH-003")
        .doesNotContain("SCRATCH-007", "0 bytes in total");
  }

  /** The vector has the array, and its ELF headers do not have the region's memory. */
  @Test
  void anArrayThatIsNotRecognizedMayBeThere() {
    assertThat(kho(0, "verify", Captures.vectors().getFirst()).out())
        .contains(
            " bytes at 0x10000000, where the boot record at 0x1001", "are not an array of possible")
        .doesNotContain("has not copied");
  }
}
