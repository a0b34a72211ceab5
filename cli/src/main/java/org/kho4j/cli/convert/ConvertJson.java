package org.kho4j.cli.convert;

import java.io.IOException;
import org.kho4j.cli.author.BootFiles;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.handover.pages.AddressRange;

/** The JSON of {@code kho4j/convert/1}. */
final class ConvertJson {

  private ConvertJson() {}

  static void write(Converted converted, BootFiles files, Json json) throws IOException {
    json.document(Schema.CONVERT);
    json.object("ram")
        .text("path", converted.ram().toString())
        .address("base", converted.memory().address())
        .number("bytes", converted.memory().length())
        .endObject();
    Target target = converted.target();
    json.number("pageSize", converted.source().pageSize().bytes())
        .text("from", converted.source().root().compatible());
    json.object("to")
        .text("kho", target.kho().id())
        .text("luo", target.luo() == null ? null : target.luo().id())
        .text("memfd", target.memfd() == null ? null : target.memfd().compatible())
        .endObject();
    json.address("fdt", converted.boot().fdtAddress())
        .address("bootRecord", converted.setupData())
        .text("deviceTree", files.deviceTree().map(Object::toString).orElse(null))
        .text("bootImage", files.bootImage().map(Object::toString).orElse(null));
    json.object("scratch")
        .address("address", converted.boot().scratchAddress())
        .number("size", converted.boot().scratchSize())
        .array("regions");
    for (AddressRange region : converted.room().scratch()) {
      json.object()
          .address("address", region.address())
          .number("size", region.length())
          .endObject();
    }
    json.endArray().endObject();
    json.array("leftOut");
    for (LeftOut left : converted.leftOut()) {
      json.object().text("path", left.path()).text("reason", left.reason()).endObject();
    }
    json.endArray().endObject();
  }
}
