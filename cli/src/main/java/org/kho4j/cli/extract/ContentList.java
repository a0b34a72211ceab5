package org.kho4j.cli.extract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreReader;

/** Everything in a handover that has content: blobs, reservations, memfds, vmalloc areas. */
final class ContentList {

  /** Takes the items and the parts that cannot be listed. */
  interface Sink {
    /**
     * Takes something with content.
     *
     * @param kind memfd, subtree, reservation or vmalloc
     * @param parts that name it within its kind
     * @param facts writes what else is known of it
     * @param path of it in the handover
     * @param source of the content, asked once
     */
    void content(
        String kind,
        List<String> parts,
        Consumer<Json> facts,
        String path,
        WholeHandover.Source source)
        throws IOException;

    /** Takes a part of the handover that cannot be listed. */
    void missing(String path, @Nullable HandoverException reason, String sentence);
  }

  private final Handover handover;
  private final Sink sink;

  ContentList(Handover handover, Sink sink) {
    this.handover = handover;
    this.sink = sink;
  }

  void visit() throws IOException {
    List<Subtree> subtrees =
        handover.subtrees(problem -> sink.missing(problem.path(), problem, ""));
    for (Subtree subtree : subtrees) {
      sink.content(
          "subtree",
          List.of(subtree.name()),
          json -> json.text("name", subtree.name()).address("address", subtree.address()),
          subtree.where().toString(),
          () -> subtree.content(handover.memory()));
      try {
        below(subtree);
      } catch (HandoverException e) {
        sink.missing(e.path(), e, "");
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
  }

  private void below(Subtree subtree) throws IOException {
    switch (subtree.name()) {
      case FdtLayout.MEMBLOCK_SUBTREE -> {
        for (ReserveMem reservation : ReserveMem.CLIENT.read(handover, subtree)) {
          sink.content(
              "reservation",
              List.of(reservation.name()),
              json -> json.text("name", reservation.name()).address("address", reservation.start()),
              reservation.where().toString(),
              () -> reservation.content(handover.memory()));
        }
      }
      case FdtLayout.KHO_TEST_SUBTREE -> {
        KhoTest test = KhoTest.CLIENT.read(handover, subtree);
        String area = FdtLayout.KHO_TEST_FOLIOS_INFO.name();
        sink.content(
            "vmalloc",
            List.of(subtree.name(), area),
            json -> {},
            subtree.where().in("data").in(area).toString(),
            () -> test.foliosInfo().content());
      }
      case LuoSer.SUBTREE ->
          LiveUpdate.CLIENT.read(handover, subtree).sessions(problem -> {}).forEach(this::session);
      default -> {}
    }
  }

  private void session(Session session) {
    FdStoreMapping mapping = null;
    try {
      mapping = FdStoreMapping.isIn(session) ? FdStoreReader.read(session) : null;
    } catch (HandoverException e) {
      sink.missing(e.path(), e, "");
    }
    FdStoreMapping systemd = mapping;
    try {
      session.files().forEach(file -> file(session, file, systemd));
    } catch (HandoverException e) {
      sink.missing(e.path(), e, "");
    }
  }

  /** Says why a file of another handler than memfd's is not written. */
  static String noMemfd(PreservedFile file) {
    return file.compatible().isEmpty()
        ? "its handler has no name, and only memfds can be extracted"
        : "it is a \"%s\", and only memfds can be extracted".formatted(file.compatible());
  }

  private void file(Session session, PreservedFile file, @Nullable FdStoreMapping systemd) {
    String path = file.where().toString();
    String token = Units.address(file.token());
    Memfd memfd;
    try {
      memfd = Memfd.of(file).orElse(null);
    } catch (HandoverException e) {
      sink.missing(path, e, "");
      return;
    }
    if (memfd == null) {
      sink.missing(path, null, "not written: " + noMemfd(file));
      return;
    }
    Consumer<Json> facts =
        json -> {
          json.text("session", session.name()).unsigned("token", file.token());
          if (systemd != null) {
            systemd
                .fd(file.token())
                .ifPresent(fd -> json.text("unit", fd.unit()).text("fd", fd.name()));
          }
        };
    try {
      sink.content("memfd", List.of(session.name(), token), facts, path, memfd::content);
      if (!memfd.foliosInfo().descriptor().isEmpty()) {
        sink.content(
            "vmalloc",
            List.of(session.name(), token, "folios"),
            json -> json.address("descriptor", memfd.foliosInfo().descriptor().address()),
            file.where().in("folios").toString(),
            () -> memfd.foliosInfo().content());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
