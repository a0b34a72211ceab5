/**
 * Preserved memfds, which are files of LUO sessions: read by {@link Memfd}, written by {@link
 * MemfdSaver}.
 */
package org.kho4j.handover.memfd;
