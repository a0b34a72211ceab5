package org.kho4j.cli.captures;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.memory.PhysicalMemory;
import tools.jackson.databind.JsonNode;

/** Compares what is in the memfds with the facts beside a capture. */
public final class MemfdContent {

  private MemfdContent() {}

  /** Compares every memfd, and returns how many there are. */
  public static int compare(PhysicalMemory memory, JsonNode facts) {
    AtomicInteger compared = new AtomicInteger();
    for (Handover handover : Handovers.find(memory)) {
      if (handover.role() != Handover.Role.OUTGOING) {
        continue;
      }
      handover
          .client(LiveUpdate.CLIENT)
          .ifPresent(luo ->
              luo.sessions()
                  .forEach(session ->
                      session
                          .files()
                          .forEach(file -> {
                            compare(file, fact(facts, session, file));
                            compared.incrementAndGet();
                          })));
    }
    return compared.get();
  }

  private static JsonNode fact(JsonNode facts, Session session, PreservedFile file) {
    for (JsonNode found : facts.findValues("sessions")) {
      for (JsonNode candidate : found) {
        if (candidate.path("name").asString().equals(session.name())) {
          for (JsonNode entry : candidate.path("files")) {
            if (entry.path("token").asLong() == file.token()) {
              return entry;
            }
          }
        }
      }
    }
    throw new AssertionError(session.name() + " has no such file: " + file.token());
  }

  private static void compare(PreservedFile file, JsonNode fact) {
    Memfd memfd = file.as(Memfd.HANDLER).orElseThrow();
    PhysicalMemory memory = file.handover().memory().physical();
    // The flags of memfd-v2, which nothing uses yet.
    long flags =
        Integer.toUnsignedLong(
            memory.read(file.data() + 20, 4).get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    assertThat(flags).isEqualTo(fact.path("flags").asLong());

    long[] next = {0};
    boolean[] contiguous = {true};
    memfd
        .content()
        .forEachPiece((offset, address, bytes) -> {
          contiguous[0] &= offset == next[0];
          next[0] = offset + bytes;
        });
    assertThat(contiguous[0]).isEqualTo(fact.path("contiguous").asBoolean());
    assertThat(sha256(memfd))
        .as("content of %s", file.where())
        .isEqualTo(fact.path("sha256").asString());
  }

  /** Digest of a memfd's content. */
  public static String sha256(Memfd memfd) {
    try (DigestOutputStream out =
        new DigestOutputStream(
            OutputStream.nullOutputStream(), MessageDigest.getInstance("SHA-256"))) {
      memfd.content().transferTo(Channels.newChannel(out));
      return HexFormat.of().formatHex(out.getMessageDigest().digest());
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
