package org.kho4j.preflight.image;

/**
 * A fact, and what it was read from.
 *
 * @param value the fact
 * @param evidence a phrase that says where it stands: {@code linux_banner in .rodata, offset
 *     0x601240}
 */
public record Found<T>(T value, String evidence) {}
