package org.kho4j.preflight.image;

/**
 * A fact about a kernel, with the evidence for it.
 *
 * @param <T> type of the fact
 * @param value the fact
 * @param evidence a phrase with its place: {@code "Linux version …" at offset 0x600080 (.rodata,
 *     address 0xffffffff81400080)}
 */
public record Found<T>(T value, String evidence) {}
