/**
 * Changes of the contract between two kernels: {@link AbiDiff} finds layouts that changed without
 * their version, {@link StaleProse} headers whose comments mention another version.
 */
package org.kho4j.preflight.diff;
