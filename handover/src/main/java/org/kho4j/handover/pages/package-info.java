/**
 * Free pages of physical memory: ranges, and the allocator that hands out blocks by order. It never
 * touches the memory.
 */
package org.kho4j.handover.pages;
