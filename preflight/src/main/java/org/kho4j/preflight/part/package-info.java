/**
 * The parts of a handover: {@link Part} has the evidence for each in a kernel, and its fate in real
 * kernels.
 */
package org.kho4j.preflight.part;
