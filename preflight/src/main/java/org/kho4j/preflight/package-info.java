/**
 * The verdict before a jump. {@link Preflight} compares two kernels, each known by a {@link
 * Profile}; {@link AbiDiff} lists what changed in the contract between them.
 */
package org.kho4j.preflight;
