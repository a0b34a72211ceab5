/**
 * The content of files, vmalloc areas and blobs: read in order, with its holes, from scattered
 * memory, and written to a sparse file.
 */
package org.kho4j.handover.content;
