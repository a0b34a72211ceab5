/** {@code kho who} and {@code kho show}: single addresses and single structures. */
@org.jspecify.annotations.NullMarked
package org.kho4j.cli.structure;
