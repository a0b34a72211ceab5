/**
 * Predicts the outcome of a jump. {@link Preflight} compares two kernels by their {@link Profile}s;
 * {@link AbiDiff} lists the differences of the contract between them.
 */
package org.kho4j.preflight;
