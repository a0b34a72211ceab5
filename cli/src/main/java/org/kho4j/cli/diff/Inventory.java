package org.kho4j.cli.diff;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoSer;
import org.kho4j.cli.content.PreservedContent;
import org.kho4j.cli.extract.Sha256;
import org.kho4j.cli.output.Problems;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;
import org.kho4j.verify.systemd.FdStoreReader;

/** Everything in a handover that another handover can have too, by name. */
final class Inventory {

  private static final String SIZE = "size";
  private static final String CONTENT = "content";

  private final Handover handover;
  private final boolean withContent;
  private final LongConsumer progress;

  private final Problems problems = new Problems();
  private final Problems absent = new Problems();
  private final Problems uncompared = new Problems();
  private final PreservedContent contents;
  private long contentBytes;
  private long holeBytes;

  private Inventory(Handover handover, boolean withContent, LongConsumer progress) {
    this.handover = handover;
    this.withContent = withContent;
    this.progress = progress;
    this.contents = new PreservedContent(handover);
  }

  /**
   * The items found.
   *
   * @param root the handover itself
   * @param problems what could not be read; what is broken is no part of {@code root}
   * @param absent what a dump left out
   * @param uncompared content that is not read
   */
  record Found(Item root, Problems problems, Problems absent, Problems uncompared) {}

  /**
   * Reads a handover.
   *
   * @param withContent whether to read content too, and not only what describes it
   * @param progress told how many bytes of content are read
   * @throws HandoverException if it is of no version that can be read
   */
  static Found of(Handover handover, boolean withContent, LongConsumer progress) {
    Inventory inventory = new Inventory(handover, withContent, progress);
    Item root = inventory.read();
    return new Found(root, inventory.problems, inventory.absent, inventory.uncompared);
  }

  private Item read() {
    Item root =
        Item.of("handover", "")
            .with("version", version())
            .with("pageSize", handover.pageSize().bytes());
    if (handover.isNewer()) {
      root.undecoded();
    }
    root.with(map());
    for (Subtree subtree : handover.subtrees(problem -> missing(root, problem))) {
      root.with(subtree(subtree));
    }
    return root;
  }

  private String version() {
    return handover.isNewer() ? handover.root().compatible() : handover.version().compatible();
  }

  private Item map() {
    Item item = Item.of("map", "");
    if (handover.mapState() == Handover.MapState.ABSENT) {
      item.cutOff();
    } else {
      item.with("state", handover.mapState().label());
    }
    if (handover.hasMap()) {
      MapSummary summary = handover.mapSummary();
      summary.problems().forEach(problem -> problem(item, problem));
      if (!item.isCutOff()) {
        item.with("blocks", summary.blocks().total()).with("bytes", summary.blocks().bytes());
      }
      return item;
    }
    if (item.isCutOff()) {
      return item;
    }
    item.undecoded();
    handover
        .mapFault()
        .ifPresent(reason ->
            problem(
                item,
                new HandoverException(
                    "/" + KhoVersion.MAP_PROPERTY,
                    mapAddress(),
                    "the map cannot be read: " + reason)));
    return item;
  }

  private long mapAddress() {
    try {
      return handover.preservedMap().root();
    } catch (HandoverException e) {
      return handover.root().address(); // The pointer to the map is broken.
    }
  }

  private Item subtree(Subtree subtree) {
    Item item = Item.of(Item.SUBTREE, subtree.name());
    if (handover.isNewer()) {
      item.undecoded();
      return blob(item, subtree);
    }
    if (withContent) {
      contents.otherSize(subtree).ifPresent(problem -> problem(item, problem));
    }
    read(
        item,
        () ->
            switch (subtree.name()) {
              case KexecMetadata.SUBTREE -> metadata(item, Metadata.CLIENT.read(handover, subtree));
              case FdtLayout.MEMBLOCK_SUBTREE ->
                  reservations(item, ReserveMem.CLIENT.read(handover, subtree));
              case FdtLayout.KHO_TEST_SUBTREE ->
                  khoTest(item, KhoTest.CLIENT.read(handover, subtree));
              case LuoSer.SUBTREE -> {
                LiveUpdate luo = LiveUpdate.CLIENT.read(handover, subtree);
                check(item, () -> contents.requireHead(subtree));
                yield liveUpdate(item, luo);
              }
              default -> blob(item, subtree);
            });
    if (!item.has(SIZE)) {
      check(item, () -> contents.require(subtree));
    }
    if (item.isNewer()) {
      return blob(item, subtree);
    }
    if (!item.has(SIZE)) {
      bytes(item, subtree);
    }
    return item;
  }

  /** Adds what a newer contract shows of a subtree; faults are those of the decoded blob. */
  private void bytes(Item item, Subtree subtree) {
    item.blob().add(new Item.Fact(SIZE, subtree.size()));
    try {
      Content content = subtree.content(handover.memory());
      if (withContent && content.absentBytes() == 0) {
        item.blob().add(new Item.Fact(CONTENT, digest(content, subtree.address())));
      }
    } catch (HandoverException e) {
      // The blob cannot be in memory, which the client's reader has reported.
    }
  }

  private Item blob(Item item, Subtree subtree) {
    item.with(SIZE, subtree.size());
    return content(item, subtree.address(), () -> contents.blob(subtree));
  }

  private static Item metadata(Item item, Metadata metadata) {
    return item.with("version", metadata.version())
        .with("previousRelease", metadata.previousRelease())
        .with("kexecCount", metadata.kexecCount());
  }

  private Item reservations(Item item, List<ReserveMem> reservations) {
    for (ReserveMem reservation : reservations) {
      Item found = Item.of("reserveMem", reservation.name()).with(SIZE, reservation.size());
      item.with(content(found, reservation.start(), () -> contents.reservation(reservation)));
    }
    return item;
  }

  private Item khoTest(Item item, KhoTest test) {
    item.with("folios", test.folios()).with("checksum", "0x" + Long.toHexString(test.checksum()));
    KhoTest.Data data = withContent ? read(item, test::data) : null;
    if (data != null) {
      item.with("bytes", data.bytes()).with("data", data.checksumMatches() ? "match" : "mismatch");
    }
    return item;
  }

  private Item liveUpdate(Item item, LiveUpdate luo) {
    item.with("version", luo.version().compatible()).with("liveupdateNumber", luo.number());
    read(
        item,
        () -> {
          Set<String> names = new HashSet<>();
          luo.sessions(problem -> problem(item, problem))
              .forEach(session -> {
                if (!names.add(session.name())) {
                  problem(item, session.ambiguous());
                }
                check(item, () -> contents.require(session));
                item.with(session(session));
              });
          return item;
        });
    List<Flb> flbs = read(item, () -> luo.flbs(problem -> problem(item, problem)));
    for (Flb flb : flbs == null ? List.<Flb>of() : flbs) {
      item.with(Item.of("flb", flb.name()).with("references", flb.count()));
    }
    return item;
  }

  private Item session(Session session) {
    Item item = Item.of("session", session.name());
    FdStoreMapping systemd =
        FdStoreMapping.isIn(session) ? read(item, () -> FdStoreReader.read(session)) : null;
    if (item.isIncomplete()) {
      return item; // The mapping has the files' names.
    }
    if (systemd != null) {
      item.with(mapping(systemd));
      for (Fd fd : systemd.fds()) {
        fd.session().ifPresent(name -> item.with(stored(fd).with("session", name)));
      }
    }
    Set<Long> tokens = new HashSet<>();
    read(
        item,
        () -> {
          session
              .files()
              .filter(file -> systemd == null || file.token() != FdStoreMapping.TOKEN)
              .forEach(file -> {
                if (!tokens.add(file.token())) {
                  problem(item, file.ambiguous());
                }
                item.with(file(file, systemd));
              });
          return item;
        });
    return item;
  }

  /** The mapping's version and count. Its timestamps and tokens differ in every handover. */
  private static Item mapping(FdStoreMapping systemd) {
    Item item = Item.of("mapping", "").with("version", systemd.version());
    systemd.kexecCount().ifPresent(count -> item.with("kexecCount", count));
    return item;
  }

  private static Item stored(Fd fd) {
    return Item.of("fd", fd.unit() + " " + fd.name());
  }

  private Item file(PreservedFile file, @Nullable FdStoreMapping systemd) {
    Item item =
        Optional.ofNullable(systemd)
            .flatMap(mapping -> mapping.fd(file.token()))
            .map(Inventory::stored)
            .orElseGet(() -> Item.of("file", "0x" + Long.toHexString(file.token())));
    item.with("handler", file.compatible());
    Memfd memfd = read(item, () -> Memfd.of(file).orElse(null));
    if (memfd == null) {
      return item;
    }
    item.with(SIZE, memfd.size()).with("position", memfd.position());
    memfd.seals().ifPresent(seals -> item.with("seals", "0x" + Long.toHexString(seals)));
    if (withContent) {
      PreservedContent.emptyEntry(file, memfd).ifPresent(problem -> problem(item, problem));
    }
    return content(item, file.data(), () -> contents.memfd(file, memfd));
  }

  /**
   * Adds the digest of content.
   *
   * @param address of what describes the content, for messages
   */
  private Item content(Item item, long address, Supplier<Content> source) {
    if (!withContent) {
      return item;
    }
    Content content = readContent(item, source);
    Long absentBytes = content == null ? null : readContent(item, content::absentBytes);
    if (content == null || absentBytes == null || absentBytes > 0) {
      boolean absent = item.isCutOff() || (absentBytes != null && absentBytes > 0);
      return absent
          ? item.withUnknown(CONTENT, Item.Unknown.ABSENT)
          : item.with(CONTENT, Item.BROKEN);
    }
    long holes = content.holeBytes();
    if (holes > Sha256.MOST_HOLES - holeBytes) {
      uncompared.add(
          new HandoverException(content.path(), address, Sha256.tooManyHoles(holes, holeBytes)));
      return item.withUnknown(CONTENT, Item.Unknown.HOLES);
    }
    holeBytes += holes;
    String digest = readContent(item, () -> digest(content, address));
    return item.with(CONTENT, digest == null ? Item.BROKEN : digest);
  }

  /**
   * Returns the digest of content; throws if all content so far is larger than RAM: memory that is
   * handed over twice could make a small source take for ever to read.
   */
  private String digest(Content content, long address) {
    long[] bytes = new long[1];
    content.forEachPiece((offset, piece, length) -> bytes[0] += length);
    contentBytes += bytes[0];
    if (contentBytes > handover.memory().ramBytes()) {
      throw new HandoverException(
          content.path(),
          address,
          "the content so far is larger than the memory of the source: some of it is the same"
              + " memory");
    }
    String digest = Sha256.of(content);
    progress.accept(contentBytes);
    return digest;
  }

  /** Reads a part of an item; without it, facts and items may be missing. */
  private <T> @Nullable T read(Item of, Supplier<@Nullable T> part) {
    try {
      return part.get();
    } catch (HandoverException e) {
      missing(of, e);
      return null;
    }
  }

  /** Checks a part of an item, whose facts can be read nevertheless. */
  private void check(Item of, Runnable check) {
    try {
      check.run();
    } catch (HandoverException e) {
      problem(of, e);
    }
  }

  /** Reads content, which is a fact of its own. */
  private <T> @Nullable T readContent(Item of, Supplier<T> part) {
    try {
      return part.get();
    } catch (HandoverException e) {
      problem(of, e);
      return null;
    }
  }

  /** Notes that a part of an item could not be read. */
  private void missing(Item of, HandoverException problem) {
    problem(of, problem);
    if (!problem.isNewer() && !problem.isAbsent()) {
      of.unreadable();
    }
  }

  private void problem(Item of, HandoverException problem) {
    if (problem.isNewer()) {
      of.newer(problem.problem());
      return;
    }
    if (problem.isAbsent()) {
      of.cutOff();
      absent.add(problem);
    } else {
      problems.add(problem);
    }
  }
}
