/**
 * Content as bytes: what lies scattered over physical memory, read in order with its holes, and
 * written into a sparse file.
 */
package org.kho4j.handover.content;
