package org.kho4j.cli.author;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An object of a spec that has no other keys than those it may have. */
final class SpecObject {

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
      throw value
          .place()
          .broken(
              "an object with %s is wanted here, not %s"
                  .formatted(String.join(", ", keys), value.kind()));
    }
    for (var member : object.members().entrySet()) {
      if (!keys.contains(member.getKey())) {
        throw member
            .getValue()
            .place()
            .broken(
                "there is no such key; here %s %s known"
                    .formatted(String.join(", ", keys), keys.size() == 1 ? "is" : "are"));
      }
    }
    return new SpecObject(object);
  }

  SpecPlace place() {
    return object.place();
  }

  boolean has(String key) {
    return object.members().containsKey(key);
  }

  Optional<SpecValue> optional(String key) {
    return Optional.ofNullable(object.members().get(key));
  }

  SpecValue required(String key) {
    @Nullable SpecValue value = object.members().get(key);
    if (value == null) {
      throw place().broken("\"" + key + "\" is missing");
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
        .orElseThrow(() -> place().broken("one of " + String.join(", ", keys) + " is missing"));
  }

  /** The key out of several that is there, if any. */
  Optional<SpecValue> atMostOneOf(List<String> keys) {
    List<String> found = keys.stream().filter(this::has).toList();
    if (found.size() > 1) {
      throw required(found.get(1))
          .place()
          .broken("contradicts \"%s\": only one of them can be".formatted(found.get(0)));
    }
    return found.stream().findFirst().map(this::required);
  }
}
