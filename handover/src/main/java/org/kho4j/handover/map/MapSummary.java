package org.kho4j.handover.map;

/**
 * What a preserved map holds.
 *
 * @param nodes parts of the map itself: pages of the tree, leaves included; chunks and bitmaps
 * @param blocks preserved blocks by order
 */
public record MapSummary(long nodes, OrderCounts blocks) {}
