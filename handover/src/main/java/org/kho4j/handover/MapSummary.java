package org.kho4j.handover;

/**
 * What a preserved map holds.
 *
 * @param nodes pages of the tree, leaves included
 * @param blocks preserved blocks by order
 */
public record MapSummary(long nodes, OrderCounts blocks) {}
