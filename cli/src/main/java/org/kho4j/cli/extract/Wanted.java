package org.kho4j.cli.extract;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.content.PreservedContent;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;
import org.kho4j.verify.systemd.FdStoreReader;

/**
 * The part of a handover that the user wants: a memfd, a region, a blob, a reservation, an area.
 */
interface Wanted {

  /**
   * Finds its bytes.
   *
   * @param damage takes the sentence on bytes that can be read, but are not what their owner wrote
   * @throws IOException with a sentence if the handover has no such thing
   */
  Content in(Handover handover, Consumer<String> damage) throws IOException;

  /** The options that name something. */
  List<String> OPTIONS =
      List.of(
          "--session",
          "--token",
          "--unit",
          "--fd",
          "--region",
          "--subtree",
          "--reserve-mem",
          "--vmalloc");

  /** Returns whether the options name anything. */
  static boolean isAnything(Invocation invocation) {
    return OPTIONS.stream().anyMatch(invocation::flag);
  }

  /** Returns the part that the options name, or throws the usage error. */
  static Wanted of(Invocation invocation) {
    String session = invocation.value("--session", String.class);
    Long token = invocation.value("--token", Long.class);
    String unit = invocation.value("--unit", String.class);
    String fd = invocation.value("--fd", String.class);
    String region = invocation.value("--region", String.class);
    String subtree = invocation.value("--subtree", String.class);
    String reservation = invocation.value("--reserve-mem", String.class);
    Long vmalloc = invocation.value("--vmalloc", Long.class);
    if ((session == null) != (token == null)) {
      throw invocation.wrong("give --session and --token together to name a memfd");
    }
    if ((unit == null) != (fd == null)) {
      throw invocation.wrong("give --unit and --fd together to name a memfd that systemd stored");
    }
    List<Wanted> wanted = new ArrayList<>();
    if (session != null && token != null) {
      wanted.add(new File(session, token));
    }
    if (unit != null && fd != null) {
      wanted.add(new Stored(unit, fd));
    }
    if (region != null) {
      wanted.add(new StoreRegion(wanted.isEmpty() ? null : wanted.removeFirst(), region));
    }
    if (subtree != null) {
      wanted.add(new Blob(subtree));
    }
    if (reservation != null) {
      wanted.add(new Reservation(reservation));
    }
    if (vmalloc != null) {
      wanted.add(new Vmalloc(vmalloc));
    }
    if (wanted.size() != 1) {
      throw invocation.wrong(
          (wanted.isEmpty() ? "no part to extract; give " : "extract only one thing: ")
              + "--session NAME --token N, --unit UNIT --fd NAME, --region NAME, --subtree NAME, --reserve-mem NAME, --vmalloc ADDR or --all DIR");
    }
    return wanted.getFirst();
  }

  /** No program can retrieve such a session. */
  String NO_NAME = "the name is empty";

  /** The sentence for a name that is not there; whoever prints it escapes the names. */
  static IOException missing(Handover handover, String what, List<String> there) {
    int most = 20;
    String list = there.stream().limit(most).collect(Collectors.joining(", "));
    return new IOException(
        "%s: the handover at %s has no %s%s"
            .formatted(
                handover.memory().physical().source().path(),
                Units.address(handover.root().address()),
                what,
                there.isEmpty()
                    ? ""
                    : "; it has " + list + (there.size() > most ? ", and more" : "")));
  }

  private static <T> T orMissing(
      @Nullable T found, Handover handover, String what, List<String> there) throws IOException {
    if (found == null) {
      throw missing(handover, what, there);
    }
    return found;
  }

  private static LiveUpdate liveUpdate(Handover handover) throws IOException {
    return orMissing(
        handover.client(LiveUpdate.CLIENT).orElse(null),
        handover,
        "LUO state, so no sessions",
        List.of());
  }

  /** A memfd in the descriptor store of a unit, which systemd preserved. */
  record Stored(String unit, String name) implements Wanted {
    @Override
    public Content in(Handover handover, Consumer<String> damage) throws IOException {
      FdStoreMapping mapping =
          orMissing(
              FdStoreReader.in(liveUpdate(handover)).orElse(null),
              handover,
              "session \"systemd\" with files, so no descriptor stores",
              List.of());
      List<Fd> found =
          mapping.fds().stream()
              .filter(fd -> fd.unit().equals(unit) && fd.name().equals(name))
              .toList();
      String what = "descriptor \"%s\" of unit \"%s\"".formatted(name, unit);
      if (found.isEmpty()) {
        throw missing(
            handover,
            what,
            mapping.fds().stream().map(fd -> fd.unit() + " " + fd.name()).distinct().toList());
      }
      if (found.size() > 1) {
        throw new IOException(
            "%s: %d descriptors are the %s: %s"
                .formatted(
                    handover.memory().physical().source().path(),
                    found.size(),
                    what,
                    found.stream()
                        .limit(20)
                        .map(Stored::option)
                        .collect(Collectors.joining(", "))));
      }
      Fd fd = found.getFirst();
      if (fd.session().isPresent()) {
        throw new IOException(
            "%s: the %s is the session \"%s\": --session and --token name its files"
                .formatted(handover.memory().physical().source().path(), what, fd.session().get()));
      }
      return new File(FdStoreMapping.SESSION, fd.token().orElseThrow()).in(handover, damage);
    }

    private static String option(Fd fd) {
      return fd.session()
          .map(session -> "--session \"" + session + "\"")
          .orElseGet(() -> "--session systemd --token " + Units.address(fd.token().orElseThrow()));
    }
  }

  /** A file of a session. */
  record File(String session, long token) implements Wanted {
    @Override
    public Content in(Handover handover, Consumer<String> damage) throws IOException {
      LiveUpdate luo = liveUpdate(handover);
      List<String> names = new ArrayList<>();
      Session found = luo.session(session).orElse(null);
      if (found == null) {
        luo.sessions(problem -> {}).forEach(other -> keep(names, other.name()));
      }
      Session there = orMissing(found, handover, "session \"" + session + "\"", names);
      List<String> tokens = new ArrayList<>();
      PreservedFile file = there.file(token).orElse(null);
      if (file == null) {
        there.files().forEach(other -> keep(tokens, Units.address(other.token())));
      }
      file =
          orMissing(
              file,
              handover,
              "file " + Units.address(token) + " in session \"" + session + "\"",
              tokens);
      PreservedContent contents = new PreservedContent(handover);
      check(handover, luo, there, contents, damage);
      String reason = ContentList.noMemfd(file);
      Memfd memfd =
          Memfd.of(file)
              .orElseThrow(() ->
                  new IOException(
                      "file %s of session \"%s\": %s"
                          .formatted(Units.address(token), session, reason)));
      PreservedContent.emptyEntry(file, memfd).map(Units::printable).ifPresent(damage);
      return contents.memfd(file, memfd);
    }

    /** Checks the lists up to the file: if an entry may be overwritten, so may those behind it. */
    private void check(
        Handover handover,
        LiveUpdate luo,
        Session there,
        PreservedContent contents,
        Consumer<String> damage) {
      handover.subtree(LuoSer.SUBTREE).ifPresent(contents::requireHead);
      List<HandoverException> names = new ArrayList<>(1);
      boolean[] found = new boolean[2];
      luo.sessions(names::add)
          .forEach(session -> {
            if (!found[0]) {
              contents.require(session);
              found[0] = session.address() == there.address();
              if (found[0]) {
                names.forEach(problem -> damage.accept(Units.printable(problem)));
              }
            }
            names.clear();
          });
      there
          .files()
          .forEach(file -> {
            if (!found[1]) {
              contents.require(file);
              found[1] = file.token() == token;
            }
          });
      if (session.isEmpty()) {
        damage.accept(Units.printable(there.where().broken(there.address(), NO_NAME)));
      }
    }

    static void keep(List<String> names, String name) {
      if (names.size() < 100) {
        names.add(Units.orNoName(name));
      }
    }
  }

  /** The blob of a subtree. */
  record Blob(String name) implements Wanted {
    @Override
    public Content in(Handover handover, Consumer<String> damage) throws IOException {
      Subtree found = handover.subtree(name).orElse(null);
      List<String> names = handover.subtrees(problem -> {}).stream().map(Subtree::name).toList();
      Subtree subtree = orMissing(found, handover, "subtree \"" + name + "\"", names);
      PreservedContent contents = new PreservedContent(handover);
      contents.otherSize(subtree).map(Units::printable).ifPresent(damage);
      return contents.blob(subtree);
    }
  }

  /** A reservation of the command line. */
  record Reservation(String name) implements Wanted {
    @Override
    public Content in(Handover handover, Consumer<String> damage) throws IOException {
      List<ReserveMem> there = handover.client(ReserveMem.CLIENT).orElse(List.of());
      ReserveMem found =
          there.stream()
              .filter(reservation -> reservation.name().equals(name))
              .findFirst()
              .orElse(null);
      ReserveMem reservation =
          orMissing(
              found,
              handover,
              "reservation \"" + name + "\"",
              there.stream().map(ReserveMem::name).toList());
      PreservedContent contents = new PreservedContent(handover);
      handover.subtree(FdtLayout.MEMBLOCK_SUBTREE).ifPresent(contents::require);
      return contents.reservation(reservation);
    }
  }

  /** A vmalloc area, by the address of its descriptor. */
  record Vmalloc(long address) implements Wanted {
    @Override
    public Content in(Handover handover, Consumer<String> damage) {
      HandoverMemory memory = handover.memory();
      Where where = Where.ROOT.in("vmalloc " + Units.address(address));
      Descriptor descriptor = Descriptor.of(memory.view(where, address, KhoVmalloc.STRUCTURE));
      if (descriptor.isEmpty()) {
        throw where.broken(address, Descriptor.NO_AREA);
      }
      return new PreservedContent(handover)
          .area(where, PreservedArea.of(memory, where, descriptor));
    }
  }
}
