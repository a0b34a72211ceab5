/**
 * Ranges of physical memory, and an allocator of blocks of 2^order pages. The allocator never
 * accesses the memory.
 */
package org.kho4j.handover.pages;
