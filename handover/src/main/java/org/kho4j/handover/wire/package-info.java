/**
 * Reads and writes structures and pointers by the fields of the contract; paths for messages,
 * detection of loops, and exceptions. All other packages of the module use it.
 */
package org.kho4j.handover.wire;
