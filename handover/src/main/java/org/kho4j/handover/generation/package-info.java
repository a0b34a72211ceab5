/**
 * Generations, which preserve, hand over and restore. {@link Generation} owns pages and writes the
 * next handover; {@link Incoming} gives back the one before; {@link
 * org.kho4j.handover.boot.BootData} leads from one to the other.
 */
package org.kho4j.handover.generation;
