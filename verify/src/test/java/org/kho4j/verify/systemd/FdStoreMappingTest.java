package org.kho4j.verify.systemd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.WritableMemory;

class FdStoreMappingTest {

  private static final long BASE = 0x10000;

  /** As systemd 262 writes it. */
  private static final String SOUND =
      """
      {"version":1,"state":{"KExecCount":3,"ShutdownStartTimestamp":{"realtime":1,"monotonic":2}},\
      "units":{"a.service":{"fdstore":[{"type":"fd","name":"one","token":1},\
      {"type":"luo_session","name":"two","sessionName":"vm-7"}]},\
      "b.service":{"fdstore":[{"type":"fd","name":"one","token":18446744073709551614}]}}}\
      """;

  private final WritableMemory memory = WritableMemory.allocate(BASE, 8 << 20);

  @AfterEach
  void close() {
    memory.close();
  }

  private FdStoreMapping parse(String json) {
    return parse(json.getBytes(UTF_8));
  }

  private FdStoreMapping parse(byte[] json) {
    memory.writable(BASE, json.length).copyFrom(MemorySegment.ofArray(json));
    HandoverMemory handover = new HandoverMemory(memory, PageSize.SIZE_4K);
    Where where = Where.ROOT.in("mapping");
    return FdStoreReader.parse(
        where, Content.contiguous(handover, where.toString(), BASE, json.length));
  }

  @Test
  void namesTheFilesAndSessionsOfUnits() {
    FdStoreMapping mapping = parse(SOUND);

    assertThat(mapping.version()).isEqualTo(1);
    assertThat(mapping.kexecCount()).hasValue(3);
    assertThat(mapping.skipped()).isEmpty();
    assertThat(mapping.fds())
        .extracting(fd -> fd.unit() + " " + fd.name() + " " + fd.token() + " " + fd.session())
        .containsExactly(
            "a.service one OptionalLong[1] Optional.empty",
            "a.service two OptionalLong.empty Optional[vm-7]",
            "b.service one OptionalLong[-2] Optional.empty");
    assertThat(mapping.fd(-2).orElseThrow().unit()).isEqualTo("b.service");
    assertThat(mapping.fd(-2).orElseThrow().address())
        .isEqualTo(BASE + SOUND.lastIndexOf("{\"type\""));
    assertThat(mapping.fd(2)).isEmpty();
  }

  @Test
  void readsTheCountThatSystemd261Writes() {
    assertThat(parse(SOUND.replace("KExecCount", "kexecsCount")).kexecCount()).hasValue(3);
  }

  /** As systemd does: the other entries count. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"type\":\"fd\" | \"type\":7 | an entry has no type, or no name",
        "\"name\":\"one\" | \"named\":\"one\" | an entry has no type, or no name",
        "\"token\":1} | \"tok\":1} | there is no token, or it is no number below 2^64",
        "\"token\":1} | \"token\":-1} | there is no token, or it is no number below 2^64",
        "\"token\":1} | \"token\":18446744073709551616} | there is no token, or it is no number below 2^64",
        "\"token\":1} | \"token\":1.0} | there is no token, or it is no number below 2^64",
        "\"token\":1} | \"token\":0} | token 0 is the mapping's own",
        "\"type\":\"fd\" | \"type\":\"pipe\" | the type is \"pipe\", neither fd nor luo_session",
        "\"sessionName\" | \"session\" | there is no sessionName",
        "{\"type\":\"fd\",\"name\":\"one\",\"token\":1} | 5 | an entry of fdstore is no object",
      })
  void skipsAnEntryThatIsWrong(String part, String replacement, String why) {
    String json = SOUND.replaceFirst(java.util.regex.Pattern.quote(part), replacement);
    FdStoreMapping mapping = parse(json);

    assertThat(mapping.fds()).hasSize(2);
    assertThat(mapping.skipped()).hasSize(1);
    assertThat(mapping.skipped().getFirst())
        .hasMessageStartingWith("/mapping/unit \"a.service\"")
        .hasMessageContaining(why);
    assertThat(mapping.skipped().getFirst().address() - BASE)
        .isIn(
            (long) json.indexOf("{\"type"),
            (long) json.indexOf("[5") + 1,
            (long) json.indexOf("{\"type\":\"luo"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"fdstore\":[{\"type\":\"fd\",\"name\":\"one\",\"token\":1844 | {\"other\":[{\"type\":\"fd\",\"name\":\"one\",\"token\":1844",
        "\"b.service\":{\"fdstore\":[ | \"b.service\":{\"fdstore\":5,\"x\":[",
        "\"b.service\":{ | \"b.service\":null,\"other\":{",
      })
  void skipsAUnitWithoutAStore(String part, String replacement) {
    assertThat(parse(SOUND.replace(part, replacement)).skipped().getFirst())
        .hasMessageContaining("the unit has no array fdstore");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"version\":1 | [\"version\":1 | is not JSON at offset 0x0: it does not begin with {",
        "\"version\":1 | \"version\" 1 | is not JSON at offset 0xb: its form ends here",
        "\"version\":1 | \"version\":\"1\" | version is no number below 2^64",
        "\"version\":1 | \"release\":1 | the mapping has no version",
        "\"state\":{ | \"state\":[],\"s\":{ | state is no object",
        "\"units\":{ | \"units\":null,\"u\":{ | units is no object",
        "]}}} | ]}} | its form ends here",
        "]}}} | ]}}}} | its form ends here",
        "]}}} | ]}}} 1 | more behind the mapping's }",
        "\"realtime\":1 | \"realtime\":123456789012345678901 | more than 64 levels, a name of more than 4,096 characters, or a number of more than 20 digits",
      })
  void refusesWhatIsNoMapping(String part, String replacement, String why) {
    String json = SOUND.replace(part, replacement);
    assertThatThrownBy(() -> parse(json))
        .isInstanceOf(HandoverException.class)
        .hasMessageStartingWith("/mapping")
        .hasMessageContaining(why);
  }

  @Test
  void refusesOtherEncodingsAndBytesBehindTheEnd() {
    assertThatThrownBy(() -> parse(SOUND.getBytes(java.nio.charset.StandardCharsets.UTF_16LE)))
        .hasMessageContaining("is not JSON at offset 0x1: a byte 0");
    assertThatThrownBy(() -> parse(SOUND + "\0")).hasMessageContaining("a byte 0");
    assertThatThrownBy(() -> parse(" ")).hasMessageContaining("it does not begin with {");
    byte[] broken = SOUND.replace("a.service", "a.servic\u0001").getBytes(UTF_8);
    broken[SOUND.indexOf("a.service")] = (byte) 0xff;
    assertThatThrownBy(() -> parse(broken)).hasMessageContaining("its form ends here");
  }

  @Test
  void isBounded() {
    assertThatThrownBy(() -> parse(new byte[FdStoreMapping.MAX_BYTES + 1]))
        .hasMessageContaining("the mapping has 4,194,305 bytes, more than 4,194,304");
    assertThatThrownBy(
            () -> parse("{\"version\":1,\"x\":" + "[".repeat(100) + "]".repeat(100) + "}"))
        .hasMessageContaining("more than 64 levels");
    assertThat(parse("{\"version\":1,\"" + "x".repeat(4096) + "\":1}").fds()).isEmpty();
    assertThatThrownBy(() -> parse("{\"version\":1,\"" + "x".repeat(5000) + "\":1}"))
        .hasMessageContaining("a name of more than 4,096 characters");

    String entries = "0,".repeat(1_500_000) + "0";
    FdStoreMapping mapping =
        parse("{\"version\":1,\"units\":{\"a\":{\"fdstore\":[" + entries + "]}}}");
    assertThat(mapping.skipped()).hasSize(1000);
    assertThat(mapping.moreSkipped()).isEqualTo(1_500_001 - 1000);
  }

  /** Whatever bytes there are: a mapping, or one sentence with an address in it. */
  @Test
  void damageIsReadOrRefused() {
    byte[] sound = SOUND.getBytes(UTF_8);
    Random random = new Random(262);
    long read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] damaged = sound.clone();
      for (int change = random.nextInt(3); change >= 0; change--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        read += parse(damaged).fds().size() + 1;
      } catch (HandoverException e) {
        assertThat(e.address()).isBetween(BASE, BASE + damaged.length);
        assertThat(e.path()).startsWith("/mapping");
      }
    }
    assertThat(read).isPositive();
  }
}
