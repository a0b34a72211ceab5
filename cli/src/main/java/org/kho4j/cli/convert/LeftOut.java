package org.kho4j.cli.convert;

/**
 * Something that did not come over.
 *
 * @param path of it in the source
 * @param reason in words
 */
record LeftOut(String path, String reason) {}
