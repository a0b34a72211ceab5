package org.kho4j.cli.author;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.output.Units;
import picocli.CommandLine.TypeConversionException;

/** A value out of a spec, which knows where it stands. */
sealed interface SpecValue extends SpecPart {

  /** Physical addresses of x86-64 and arm64 have at most this many bits. */
  int ADDRESS_BITS = 52;

  /** Returns the kind of value, for messages. */
  String kind();

  record Members(SpecPlace place, Map<String, SpecValue> members) implements SpecValue {
    @Override
    public String kind() {
      return "an object";
    }
  }

  record Elements(SpecPlace place, List<SpecValue> elements) implements SpecValue {
    @Override
    public String kind() {
      return "an array";
    }
  }

  record Text(SpecPlace place, String text) implements SpecValue {
    @Override
    public String kind() {
      return "the string \"" + text + "\"";
    }
  }

  record Whole(SpecPlace place, BigInteger value) implements SpecValue {
    @Override
    public String kind() {
      return "the number " + value;
    }
  }

  /** A value that no key takes: true, false, null, a fraction. */
  record Other(SpecPlace place, String written) implements SpecValue {
    @Override
    public String kind() {
      return written;
    }
  }

  /** The elements of an array. */
  default List<SpecValue> elements() {
    if (this instanceof Elements array) {
      return array.elements;
    }
    throw wants("an array");
  }

  /** A string. */
  default String text() {
    if (this instanceof Text string) {
      return string.text;
    }
    throw wants("a string");
  }

  /** An address or a number of bytes: a number, or a string as in {@code "0x38000000", "4K"}. */
  default long number() {
    return switch (this) {
      case Whole whole when whole.value.signum() >= 0 && whole.value.bitLength() < Long.SIZE ->
          whole.value.longValue();
      case Text string -> parsed(string.text);
      default ->
          throw wants("a number from 0 to 2^63 - 1, or a string like \"0x38000000\" or \"4K\"");
    };
  }

  /** The physical address of a structure. */
  default long address() {
    long address = number();
    if (address >= 1L << ADDRESS_BITS) {
      throw broken("0x%x is not an address: memory ends below 2^%d", address, ADDRESS_BITS);
    }
    return address;
  }

  /** A number of 64 bits, whatever it means. */
  default long word() {
    return switch (this) {
      case Whole whole when whole.value.signum() >= 0 && whole.value.bitLength() <= Long.SIZE ->
          whole.value.longValue();
      case Text string -> unsigned(string.text);
      default -> throw wants("a number from 0 to 2^64 - 1, or a string like \"0x38000000\"");
    };
  }

  private long unsigned(String text) {
    try {
      return Numbers.parse(text);
    } catch (TypeConversionException e) {
      throw broken(String.valueOf(e.getMessage()));
    }
  }

  private long parsed(String text) {
    long number = unsigned(text);
    if (number < 0) {
      throw broken(text + " is beyond all physical memory, which ends below 2^63");
    }
    return number;
  }

  /** A number with bounds. */
  default long number(long least, long most) {
    long number = number();
    if (number < least || number > most) {
      throw broken("%d is not between %s and %s", number, Units.count(least), Units.count(most));
    }
    return number;
  }

  private SpecException wants(String what) {
    return broken("expected %s, not %s", what, kind());
  }
}
