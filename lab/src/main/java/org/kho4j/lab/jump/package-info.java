/**
 * Real handovers between kernels that differ on purpose, beside what kho preflight says of them.
 */
@org.jspecify.annotations.NullMarked
package org.kho4j.lab.jump;
