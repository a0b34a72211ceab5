package org.kho4j.fdt;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Trees that are different each time and the same for one seed. */
final class RandomTrees {

  private static final String NAME_START = "abcxyz";
  private static final String NAME = "abcxyz0189,._+-";

  private final Random random;

  RandomTrees(long seed) {
    random = new Random(seed);
  }

  FdtNode tree() {
    return node("", 1 + random.nextInt(5));
  }

  private FdtNode node(String name, int levels) {
    Set<String> names = new HashSet<>();
    List<FdtProperty> properties = new ArrayList<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      String propertyName = "p" + name();
      if (names.add(propertyName)) {
        properties.add(FdtProperty.ofBytes(propertyName, value()));
      }
    }
    List<FdtNode> children = new ArrayList<>();
    if (levels > 1) {
      for (int i = random.nextInt(4); i > 0; i--) {
        String childName = "n" + name();
        if (names.add(childName)) {
          children.add(node(childName, levels - 1));
        }
      }
    }
    return new FdtNode(name, properties, children);
  }

  /** Few letters, so that names and tails of names meet. */
  String name() {
    StringBuilder name = new StringBuilder();
    name.append(NAME_START.charAt(random.nextInt(NAME_START.length())));
    for (int i = random.nextInt(random.nextInt(10) == 0 ? 25 : 3); i > 0; i--) {
      name.append(NAME.charAt(random.nextInt(NAME.length())));
    }
    return name.toString();
  }

  private byte[] value() {
    return switch (random.nextInt(4)) {
      case 0 -> new byte[0];
      case 1 -> (name() + '\0').getBytes(StandardCharsets.US_ASCII);
      case 2 -> bytes(4 * random.nextInt(8));
      default -> bytes(random.nextInt(30));
    };
  }

  byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }
}
