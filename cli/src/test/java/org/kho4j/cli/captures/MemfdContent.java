package org.kho4j.cli.captures;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.PreservedMap;
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
              luo.forEachSession(session ->
                  session.forEachFile(file -> {
                    compare(handover, file, fact(facts, session, file));
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

  private static void compare(Handover handover, PreservedFile file, JsonNode fact) {
    Memfd memfd = file.as(Memfd.HANDLER).orElseThrow();
    PhysicalMemory memory = handover.memory().physical();
    // The flags of memfd-v2, which nothing uses yet.
    long flags =
        Integer.toUnsignedLong(
            memory.read(file.data() + 20, 4).get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    assertThat(flags).isEqualTo(fact.path("flags").asLong());

    MessageDigest digest = sha256();
    PreservedMap.Lookup lookup = handover.preservedMap().lookup();
    long pageBytes = handover.pageSize().bytes();
    long[] next = {0};
    boolean[] contiguous = {true};
    memfd.forEachFolio((address, index, folioFlags) -> {
      contiguous[0] &= index == next[0];
      long bytes = handover.pageSize().blockBytes(lookup.orderAt(address));
      next[0] = index + bytes / pageBytes;
      MemorySegment folio = memory.read(address, Math.min(bytes, memfd.size() - index * pageBytes));
      digest.update(folio.toArray(ValueLayout.JAVA_BYTE));
    });
    assertThat(contiguous[0]).isEqualTo(fact.path("contiguous").asBoolean());
    assertThat(HexFormat.of().formatHex(digest.digest()))
        .as("content of %s", file.where())
        .isEqualTo(fact.path("sha256").asString());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
