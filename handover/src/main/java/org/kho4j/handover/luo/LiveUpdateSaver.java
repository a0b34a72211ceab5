package org.kho4j.handover.luo;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kho4j.abi.Field;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFileSet;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** Hands LUO state over, as a kernel's orchestrator does at the jump (kexec). */
public final class LiveUpdateSaver {

  /**
   * A file to hand over.
   *
   * @param compatible string of the handler that shall take it
   * @param data the handler's own; its maker hands over the memory that it points at
   * @param token chosen by the user, an unsigned number
   */
  public record SavedFile(String compatible, long data, long token) {}

  /**
   * A session to hand over.
   *
   * @param name 1 to 63 bytes
   * @param files with a token each that no other file of the session has
   */
  public record SavedSession(String name, List<SavedFile> files) {

    public SavedSession {
      files = List.copyOf(files);
    }

    /** Returns the path of the session, for {@link org.kho4j.handover.generation.Placement}. */
    public static String path(String name) {
      return where(name).toString();
    }

    static Where where(String name) {
      return LuoHead.PATH.named("session", name);
    }
  }

  private static final String FLBS = "flbs";

  private LiveUpdateSaver() {}

  /**
   * Hands sessions and FLBs over.
   *
   * @param version to write
   * @param number of this live update: 1 for the first after a cold boot
   * @param sessions with names of which no two are the same
   * @param flbs with names of which no two are the same; none in a version that has no FLBs
   * @throws PreservationException if the version has no room for them, names or tokens are not what
   *     a kernel takes, or the generation's bitmaps have 512 bytes
   */
  public static void save(
      Generation generation,
      LuoVersion version,
      long number,
      List<SavedSession> sessions,
      List<Flb> flbs) {
    requireLuo(generation);
    check(generation, version, sessions, flbs);
    generation.atomically(() -> {
      long[] files = new long[sessions.size()];
      for (int i = 0; i < files.length; i++) {
        files[i] = writeFiles(generation, version, sessions.get(i));
      }
      long list = writeSessions(generation, version, sessions, files);
      long page = version.flbs() ? writeFlbs(generation, flbs) : 0;
      LuoHead.write(generation, version, number, list, page);
    });
  }

  /**
   * Checks that the map's form can occur beside LUO: LUO is newer than small bitmaps, so a reader
   * assumes bitmaps of a page.
   */
  private static void requireLuo(Generation generation) {
    int bitmapBytes = generation.layout().map().bitmapBytes(generation.pageSize());
    if (bitmapBytes != 0 && bitmapBytes < generation.pageSize().bytes()) {
      throw wrong(
          LuoHead.PATH,
          "%s (Linux %s) has bitmaps of %d bytes, and no kernel with these has LUO"
              .formatted(generation.layout(), generation.layout().releases(), bitmapBytes));
    }
  }

  private static long writeFiles(Generation generation, LuoVersion version, SavedSession session) {
    return EntryList.write(
        generation,
        SavedSession.where(session.name).in("files"),
        version.fileList(),
        LuoFile.STRUCTURE,
        session.files.size(),
        (i, entry) -> {
          SavedFile file = session.files.get(i);
          entry.setText(LuoFile.COMPATIBLE, file.compatible);
          entry.set(LuoFile.DATA, file.data);
          entry.set(LuoFile.TOKEN, file.token);
        });
  }

  private static long writeSessions(
      Generation generation, LuoVersion version, List<SavedSession> sessions, long[] files) {
    KhoserPointer pointer = EntryList.files(version);
    return EntryList.write(
        generation,
        LuoHead.PATH.in("sessions"),
        version.sessionList(),
        version.session(),
        sessions.size(),
        (i, entry) -> {
          entry.setText(LuoSession.NAME, sessions.get(i).name);
          StructureView fileSet = entry.embedded(version.fileSet());
          pointer.store(fileSet, files[i]);
          fileSet.set(LuoFileSet.COUNT, sessions.get(i).files.size());
        });
  }

  private static long writeFlbs(Generation generation, List<Flb> flbs) {
    Folio folio = generation.allocateZeroed(LuoHead.PATH.in(FLBS).toString(), 0);
    generation.preserve(folio);
    StructureView page = generation.view(folio, LuoFlb.HEADER);
    page.set(LuoFlb.HEADER_PGCNT, 1);
    page.set(LuoFlb.HEADER_COUNT, flbs.size());
    for (int i = 0; i < flbs.size(); i++) {
      Flb flb = flbs.get(i);
      StructureView entry = page.element(i);
      entry.setText(LuoFlb.NAME, flb.name());
      entry.set(LuoFlb.DATA, flb.data());
      entry.set(LuoFlb.COUNT, flb.count());
    }
    return folio.address();
  }

  private static void check(
      Generation generation, LuoVersion version, List<SavedSession> sessions, List<Flb> flbs) {
    Set<String> names = new HashSet<>();
    for (SavedSession session : sessions) {
      Where where = SavedSession.where(session.name);
      checkText(where, LuoSession.NAME, session.name);
      if (!names.add(session.name)) {
        throw wrong(where, "another session also has this name");
      }
      Set<Long> tokens = new HashSet<>();
      for (SavedFile file : session.files) {
        Where place = where.in("file 0x" + Long.toHexString(file.token));
        checkText(place, LuoFile.COMPATIBLE, file.compatible);
        if (!tokens.add(file.token)) {
          throw wrong(place, "another file of the session also has this token");
        }
      }
    }
    checkFlbs(generation, version, flbs);
  }

  private static void checkFlbs(Generation generation, LuoVersion version, List<Flb> flbs) {
    Where where = LuoHead.PATH.in(FLBS);
    int capacity = version.flbs() ? LuoFlb.HEADER.capacity(generation.pageSize()) : 0;
    if (flbs.size() > capacity) {
      throw wrong(
          where, "%d FLBs, but %s has room for %d".formatted(flbs.size(), version, capacity));
    }
    Set<String> names = new HashSet<>();
    for (Flb flb : flbs) {
      checkText(where, LuoFlb.NAME, flb.name());
      if (!names.add(flb.name())) {
        throw wrong(where, "two FLBs have the name \"%s\"".formatted(flb.name()));
      }
    }
  }

  private static void checkText(Where where, Field field, String text) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0
        || bytes >= field.size()
        || text.indexOf('\0') >= 0
        || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw wrong(
          where,
          "%s \"%s\" has %d bytes; 1 to %d bytes of UTF-8 without a NUL are allowed"
              .formatted(field.name(), text, bytes, field.size() - 1));
    }
  }

  private static PreservationException wrong(Where where, String message) {
    return new PreservationException(where.toString(), message);
  }
}
