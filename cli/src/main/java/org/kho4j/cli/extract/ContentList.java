package org.kho4j.cli.extract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.content.PreservedContent;
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
import org.kho4j.handover.wire.Where;
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
  private final PreservedContent contents;

  ContentList(Handover handover, Sink sink) {
    this.handover = handover;
    this.sink = sink;
    this.contents = new PreservedContent(handover);
  }

  void visit() throws IOException {
    for (Subtree subtree : handover.subtrees(this::missing)) {
      sink.content(
          "subtree",
          List.of(subtree.name()),
          json -> json.text("name", subtree.name()).address("address", subtree.address()),
          subtree.where().toString(),
          () -> contents.blob(subtree));
      contents.otherSize(subtree).ifPresent(this::missing);
      try {
        below(subtree);
      } catch (HandoverException e) {
        missing(e);
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
  }

  private void missing(HandoverException problem) {
    sink.missing(problem.path(), problem, "");
  }

  private void below(Subtree subtree) throws IOException {
    switch (subtree.name()) {
      case FdtLayout.MEMBLOCK_SUBTREE -> {
        List<ReserveMem> reservations = ReserveMem.CLIENT.read(handover, subtree);
        contents.require(subtree);
        for (ReserveMem reservation : reservations) {
          sink.content(
              "reservation",
              List.of(reservation.name()),
              json -> json.text("name", reservation.name()).address("address", reservation.start()),
              reservation.where().toString(),
              () -> contents.reservation(reservation));
        }
      }
      case FdtLayout.KHO_TEST_SUBTREE -> {
        KhoTest test = KhoTest.CLIENT.read(handover, subtree);
        contents.require(subtree);
        String area = FdtLayout.KHO_TEST_FOLIOS_INFO.name();
        Where where = subtree.where().in("data").in(area);
        sink.content(
            "vmalloc",
            List.of(subtree.name(), area),
            json -> {},
            where.toString(),
            () -> contents.area(where, test.foliosInfo()));
      }
      case LuoSer.SUBTREE -> {
        LiveUpdate luo = LiveUpdate.CLIENT.read(handover, subtree);
        contents.requireHead(subtree);
        Set<String> names = new HashSet<>();
        luo.sessions(this::missing)
            .forEach(session -> {
              contents.require(session);
              if (!names.add(session.name())) {
                missing(session.ambiguous());
              }
              if (session.name().isEmpty()) {
                missing(session.where().broken(session.address(), Wanted.NO_NAME));
              }
              session(session);
            });
      }
      default -> {}
    }
  }

  private void session(Session session) {
    FdStoreMapping mapping = null;
    try {
      mapping = FdStoreMapping.isIn(session) ? FdStoreReader.read(session) : null;
    } catch (HandoverException e) {
      missing(e);
    }
    FdStoreMapping systemd = mapping;
    Set<Long> tokens = new HashSet<>();
    try {
      session
          .files()
          .forEach(file -> {
            contents.require(file);
            if (!tokens.add(file.token())) {
              missing(file.ambiguous());
            }
            file(session, file, systemd);
          });
    } catch (HandoverException e) {
      missing(e);
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
      sink.content(
          "memfd", List.of(session.name(), token), facts, path, () -> contents.memfd(file, memfd));
      PreservedContent.emptyEntry(file, memfd).ifPresent(this::missing);
      if (!memfd.foliosInfo().descriptor().isEmpty()) {
        sink.content(
            "vmalloc",
            List.of(session.name(), token, "folios"),
            json -> json.address("descriptor", memfd.foliosInfo().descriptor().address()),
            file.where().in("folios").toString(),
            () -> contents.area(file.where().in("folios"), memfd.foliosInfo()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
