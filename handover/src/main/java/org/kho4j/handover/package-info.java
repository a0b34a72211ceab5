/**
 * Finds and reads the handovers in a memory. {@link Handovers} finds them, and determines for each
 * whether it is incoming or outgoing, and its page size; {@link Handover} gives access to
 * everything that one kernel hands to the next; {@link Client} reads a subtree.
 */
package org.kho4j.handover;
