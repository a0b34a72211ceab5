package org.kho4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import org.kho4j.handover.generation.Folio;

/** A guest whose names would do harm on a page, and whose handover is broken in some places. */
final class HostileGuest {

  static final String SCRIPT = "<script>alert(1)</script>";
  static final String QUOTES = "'\"><img src=x onerror=alert(1)>";
  static final String CONTROL = "red \u001b[31m";
  static final String BACKWARDS = "invoice\u202efdp.exe";

  private HostileGuest() {}

  static Path create(Path ram) throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 64 << 20, "6.99<b>")) {
      Folio twice = guest.folio(0x2800000, 0, "a");
      guest.session(SCRIPT).session(QUOTES).session(CONTROL).session(BACKWARDS);
      guest.memfd(
          SCRIPT, 1, 8192, new Placed(0, twice), new Placed(1, guest.folio(0x2804000, 0, "b")));
      guest.memfd(QUOTES, 2, 4096, new Placed(0, twice));
      guest.file(QUOTES, 3, "&<i>", 0xfffffffffffff000L);
      guest.file(BACKWARDS, 4, "memfd-v2", 0x2900000);
      guest.memfd(BACKWARDS, 5, 4 << 20, new Placed(0, guest.folio(0x2a00000, 9, "c")));
      guest.flb("flb'&" + SCRIPT, 0xfeedf00dcafebee0L, 4);
      guest.generation().addBlob("vfio<br>", 64);
    }
    return ram;
  }
}
