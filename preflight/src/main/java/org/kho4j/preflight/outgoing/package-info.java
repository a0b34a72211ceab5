/**
 * What a kernel hands over: {@link HandoverReader} reads it from memory, and {@link RunningKernel}
 * from the files of a host.
 */
package org.kho4j.preflight.outgoing;
