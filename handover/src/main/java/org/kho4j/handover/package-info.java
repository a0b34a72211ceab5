/**
 * Handovers: which there are in a memory, which side of a running kernel each is on, and with which
 * page size it was written. {@link Handovers} finds them; {@link Handover} leads to all that one
 * kernel hands to the next; {@link Client} is the way to read a subtree.
 */
package org.kho4j.handover;
