/**
 * The result of a verification: {@link Finding}s with their {@link Rule}, the parts that were
 * {@link Checked} or absent, and a visitor of the owners of memory.
 */
package org.kho4j.verify.result;
