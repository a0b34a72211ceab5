/** Preserved memfds and their folios. */
package org.kho4j.verify.memfd;
