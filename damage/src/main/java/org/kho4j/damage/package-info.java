/**
 * Handovers that break one rule or have one changed field. {@link RuleCase} has a case for every
 * rule of {@code verify}; {@link Mutants} changes single fields at random.
 */
package org.kho4j.damage;
