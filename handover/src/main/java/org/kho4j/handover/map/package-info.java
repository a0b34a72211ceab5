/**
 * Reads and writes the preserved map: the radix tree since kho-v2 and the bitmaps of kho-v1, with
 * the evidence for the form of a map. No other package knows the forms.
 */
package org.kho4j.handover.map;
