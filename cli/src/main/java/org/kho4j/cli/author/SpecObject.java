package org.kho4j.cli.author;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** An object of a spec that has no other keys than those it may have. */
final class SpecObject implements SpecPart {

  private final SpecValue.Members object;

  private SpecObject(SpecValue.Members object) {
    this.object = object;
  }

  /**
   * Takes a value as an object.
   *
   * @param keys that it may have
   */
  static SpecObject of(SpecValue value, List<String> keys) {
    if (!(value instanceof SpecValue.Members object)) {
      throw value.broken(
          "expected an object with %s, not %s", String.join(", ", keys), value.kind());
    }
    for (var member : object.members().entrySet()) {
      if (!keys.contains(member.getKey())) {
        throw member
            .getValue()
            .broken(
                "there is no such key; here %s %s known",
                String.join(", ", keys), keys.size() == 1 ? "is" : "are");
      }
    }
    return new SpecObject(object);
  }

  @Override
  public SpecPlace place() {
    return object.place();
  }

  boolean has(String key) {
    return object.members().containsKey(key);
  }

  Optional<SpecValue> optional(String key) {
    return Optional.ofNullable(object.members().get(key));
  }

  /** The elements of an array, of which there are none without its key. */
  List<SpecValue> elements(String key) {
    return optional(key).map(SpecValue::elements).orElse(List.of());
  }

  /** A number, if its key is there. */
  OptionalLong number(String key) {
    return optional(key).stream().mapToLong(SpecValue::number).findFirst();
  }

  SpecValue required(String key) {
    @Nullable SpecValue value = object.members().get(key);
    if (value == null) {
      throw broken("\"" + key + "\" is missing");
    }
    return value;
  }

  /**
   * The one key out of several that is there.
   *
   * @throws SpecException if there is none, or more than one
   */
  SpecValue oneOf(List<String> keys) {
    return atMostOneOf(keys)
        .orElseThrow(() -> broken("one of " + String.join(", ", keys) + " is missing"));
  }

  /** The key out of several that is there, if any. */
  Optional<SpecValue> atMostOneOf(List<String> keys) {
    List<String> found = keys.stream().filter(this::has).toList();
    if (found.size() > 1) {
      throw required(found.get(1))
          .broken("contradicts \"%s\": give only one of them", found.get(0));
    }
    return found.stream().findFirst().map(this::required);
  }
}
