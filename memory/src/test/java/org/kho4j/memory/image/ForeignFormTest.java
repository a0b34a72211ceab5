package org.kho4j.memory.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.ElfCoreBuilder;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

class ForeignFormTest {

  @TempDir Path directory;

  private final ByteBuffer image = ByteBuffer.allocate(65536).order(ByteOrder.LITTLE_ENDIAN);

  private void refuses(String sentence) throws IOException {
    Path path = Files.write(directory.resolve("image"), image.array());
    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageStartingWith(path + " is " + sentence);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "QEVM, 0, \"a QEMU migration stream, as virsh dump writes without --memory-only, an"
            + " unsupported form: 'virsh dump --memory-only GUEST FILE'\"",
        "LibvirtQemudSave, 0, \"a libvirt save image, an unsupported form: 'virsh restore\"",
        "LibvirtQemudPart, 0, a libvirt save image",
        "PAGEDUMP, 0, \"a Windows crash dump, an unsupported form: dump-guest-memory without -w\"",
        "PAGEDU64, 0, a Windows crash dump",
        "\"Xen saved domain, xl format\", 0, \"a saved Xen guest, an unsupported form: 'xl restore"
            + " FILE'\"",
        "S1SUSPEND, 4086, \"a hibernation image, an unsupported form\"",
        "S2SUSPEND, 16374, a hibernation image",
        "ULSUSPEND, 65526, a hibernation image",
        "LINHIB0001, 4086, a hibernation image",
        "SWAPSPACE2, 4086, a swap area without a hibernation image",
        "hibr, 0, a Windows hibernation file",
        "sadump, 0, \"a dump of Fujitsu's stand alone dump (sadump), an unsupported form:"
            + " 'makedumpfile -l -d 0 FILE vmcore'\""
      })
  void namesAFormByItsSignatureAndTheCommand(String signature, int offset, String sentence)
      throws IOException {
    image.put(offset, signature.getBytes(StandardCharsets.US_ASCII));

    refuses(sentence);
  }

  @ParameterizedTest
  @CsvSource({"bad1bad1", "bed2bed0", "bed2bed2", "bed3bed3"})
  void namesVmwaresSuspendedStates(String magic) throws IOException {
    image.putInt(Integer.parseUnsignedInt(magic, 16));

    refuses(
        "a VMware suspended state or snapshot (.vmss, .vmsn), an unsupported form: 'vmss2core -N6"
            + " FILE.vmss FILE.vmem' writes an ELF core");
  }

  @Test
  void namesQcow2() throws IOException {
    image.put(new byte[] {'Q', 'F', 'I', (byte) 0xfb});

    refuses("a qcow2 disk image, in which savevm keeps memory");
  }

  @Test
  void namesAStreamOfXen() throws IOException {
    image.putLong(-1).put("XENF".getBytes(StandardCharsets.US_ASCII));

    refuses("a saved Xen guest");
  }

  @Test
  void namesLkcd() throws IOException {
    image.putLong(0xa8190173618f23edL);

    refuses("an LKCD dump");
  }

  /** Its memory is in sections; there are no program headers. */
  @Test
  void namesTheCoreOfAXenGuest() throws IOException {
    image.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    image.putShort(16, (short) 4).putShort(18, (short) 62).putInt(20, 1);
    image.putLong(40, 64).putShort(52, (short) 64).putShort(54, (short) 56);
    image.putShort(58, (short) 64).putShort(60, (short) 3).putShort(62, (short) 2);
    int names = 64 + 2 * 64;
    image.putInt(names + 4, 3).putLong(names + 24, 0x200).putLong(names + 32, 40);
    image.put(0x200, "\0.note.Xen\0.xen_pages\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII));

    refuses("the core of a Xen guest (xl dump-core), an unsupported form: AVML or LiME");
  }

  /** Section headers anywhere do no harm. */
  @ParameterizedTest
  @CsvSource({"-1", "0x7fffffffffffffff", "0x10000", "64"})
  void readsAnElfCoreWithoutThoseSections(String sections) throws IOException {
    ByteBuffer core = new ElfCoreBuilder().load(0x1000, new byte[4096]).build();
    core.putLong(40, Long.decode(sections)).putShort(58, (short) 64).putShort(62, (short) -1);
    byte[] bytes = new byte[core.capacity()];
    core.get(0, bytes);
    Path path = Files.write(directory.resolve("core"), bytes);
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(memory.source().kind()).isEqualTo(MemorySource.Kind.ELF);
    }
  }

  @Test
  void takesForRawWhatIsCalledRaw() throws IOException {
    image.put("QEVM".getBytes(StandardCharsets.US_ASCII));
    Path path = Files.write(directory.resolve("image"), image.array());
    try (PhysicalMemory memory =
        MemoryImages.open(path, new OpenOptions(MemorySource.Kind.RAW, 0))) {
      assertThat(memory.contains(0, 65536)).isTrue();
    }
  }
}
