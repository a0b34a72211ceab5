package org.kho4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.kho4j.cli.output.Text;
import org.kho4j.handover.Handover;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.pages.AddressRange;

/**
 * The written result of a conversion.
 *
 * @param ram the file
 * @param memory that it is
 * @param source what was converted
 * @param setupData address of the boot record, on x86-64
 */
record Converted(
    Path ram,
    AddressRange memory,
    Handover source,
    Target target,
    Room room,
    BootData boot,
    OptionalLong setupData,
    List<LeftOut> leftOut) {

  void show(Text text) throws IOException {
    text.name(ram.toString())
        .put(": ")
        .size(memory.length())
        .put(" from ")
        .address(memory.address());
    text.put(", ").put(target.kho().id());
    if (target.luo() != null) {
      text.put(", ").put(target.luo().id());
    }
    if (target.memfd() != null) {
      text.put(", ").put(target.memfd().compatible());
    }
    text.put(", was ").name(source.root().compatible()).line();
    text.put("root FDT at ").address(boot.fdtAddress());
    text.put(", scratch ").put(room.scratch().getFirst().toString());
    if (setupData.isPresent()) {
      text.put(", boot record at ").address(setupData.getAsLong());
    }
    text.line();
  }
}
