/**
 * Compressed files and pages. {@link Packing} recognizes a file's compression and unpacks the file;
 * {@link PageCodec} decompresses single pages of a dump.
 */
package org.kho4j.files.packed;
