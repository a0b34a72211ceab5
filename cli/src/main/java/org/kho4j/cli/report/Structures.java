package org.kho4j.cli.report;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.kho4j.handover.wire.Where;

/** Which part of the page tells of which structure. */
final class Structures {

  private final String prefix;
  private final Map<String, String> ids = new HashMap<>();
  private int count;

  /**
   * No structures yet.
   *
   * @param prefix of their ids, which no other handover on the page has
   */
  Structures(String prefix) {
    this.prefix = prefix;
  }

  /**
   * A part of the page is about that structure: the id for it. Names and tokens may be there twice,
   * and so may paths.
   */
  String add(Where where) {
    String id = prefix + "s" + count++;
    ids.putIfAbsent(where.toString(), id);
    return id;
  }

  /** The id of the first structure with that path, or else of the nearest around it. */
  Optional<String> around(String path) {
    String id = ids.get(path);
    for (int end = path.lastIndexOf('/'); id == null && end >= 0; ) {
      id = ids.get(end == 0 ? "/" : path.substring(0, end));
      end = path.lastIndexOf('/', end - 1);
    }
    return Optional.ofNullable(id);
  }
}
