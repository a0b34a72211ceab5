/**
 * The engine: preserves memory, hands it over and restores it. {@link Generation} owns pages and
 * writes the outgoing handover; {@link Incoming} restores the incoming handover; {@link
 * org.kho4j.handover.boot.BootData} has the addresses that the next generation needs.
 */
package org.kho4j.handover.generation;
