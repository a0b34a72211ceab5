package org.kho4j.fdt;

import java.util.List;
import java.util.Optional;

/**
 * A node of a device tree.
 *
 * @param name its name; empty for the root
 * @param properties in the blob's order
 * @param children in the blob's order
 */
public record FdtNode(String name, List<FdtProperty> properties, List<FdtNode> children) {

  public FdtNode {
    properties = List.copyOf(properties);
    children = List.copyOf(children);
  }

  public Optional<FdtProperty> property(String propertyName) {
    return properties.stream().filter(property -> property.name().equals(propertyName)).findFirst();
  }

  public Optional<FdtNode> child(String childName) {
    return children.stream().filter(child -> child.name().equals(childName)).findFirst();
  }
}
