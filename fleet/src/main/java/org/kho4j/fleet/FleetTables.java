package org.kho4j.fleet;

import static org.apache.spark.sql.types.DataTypes.LongType;
import static org.apache.spark.sql.types.DataTypes.StringType;
import static org.apache.spark.sql.types.DataTypes.createArrayType;
import static org.apache.spark.sql.types.DataTypes.createStructField;

import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns of the tables; docs/fleet.md describes them. */
final class FleetTables {

  private static final StructType PART =
      new StructType(
          new StructField[] {
            text("name"), text("from"), text("to"), text("verdict"), text("because")
          });

  /** The parts of a verdict. */
  static final ArrayType PARTS = createArrayType(PART, false);

  private static final StructType CELL =
      new StructType(
          new StructField[] {
            text("kernel"),
            text("verdict"),
            number("unknown"),
            text("because"),
            field("parts", PARTS)
          });

  /** The columns of the contents read so far: working state that lets a run resume. */
  static final StructType CONTENTS =
      new StructType(
          new StructField[] {
            text("digest"),
            text("judgement"),
            text("kind"),
            text("release"),
            field("versions", createArrayType(StringType, false)),
            number("preserved_bytes"),
            field("owners", amounts("owner", "bytes")),
            number("sessions"),
            field("reservations", amounts("name", "bytes")),
            field("findings", amounts("rule", "count")),
            number("errors"),
            number("read_bytes"),
            field("notes", createArrayType(StringType, false)),
            text("error"),
            field("cells", createArrayType(CELL, false))
          });

  /** The files of the input. */
  static final StructType FILES =
      new StructType(
          new StructField[] {
            text("host"),
            text("host_group"),
            text("path"),
            number("bytes"),
            text("digest"),
            text("file_error")
          });

  private FleetTables() {}

  private static StructField field(String name, DataType type) {
    return createStructField(name, type, false);
  }

  private static StructField text(String name) {
    return field(name, StringType);
  }

  private static StructField number(String name) {
    return field(name, LongType);
  }

  private static ArrayType amounts(String name, String amount) {
    return createArrayType(new StructType(new StructField[] {text(name), number(amount)}), false);
  }

  /**
   * A row of {@link #CONTENTS}.
   *
   * @param judgement names the kernels and options that the cells are of
   */
  static Row row(HostRecord record, String judgement) {
    return RowFactory.create(
        record.digest(),
        judgement,
        record.kind(),
        record.release(),
        record.versions().toArray(),
        record.preservedBytes(),
        amounts(record.owners()),
        record.sessions(),
        amounts(record.reservations()),
        amounts(record.findings()),
        record.errors(),
        record.readBytes(),
        record.notes().toArray(),
        record.error(),
        record.cells().stream().map(FleetTables::row).toArray());
  }

  /** A row of {@link #FILES}. */
  static Row row(InputFile file, HostNames.Name name) {
    return RowFactory.create(
        name.host(), name.group(), file.path(), file.bytes(), file.digest(), file.error());
  }

  private static Row row(Cell cell) {
    return RowFactory.create(
        cell.kernel(), cell.verdict(), cell.unknown(), cell.because(), parts(cell.parts()));
  }

  private static Object[] parts(List<Cell.PartCell> parts) {
    return parts.stream()
        .map(part ->
            RowFactory.create(part.name(), part.from(), part.to(), part.verdict(), part.because()))
        .toArray();
  }

  private static Object[] amounts(Map<String, Long> amounts) {
    return amounts.entrySet().stream()
        .map(one -> RowFactory.create(one.getKey(), one.getValue()))
        .toArray();
  }
}
