/**
 * The structures of the contract as kernels declare them: {@link KernelType} is a declaration,
 * {@link TypeDifference} compares two, and {@link ContractLayouts} has those of version strings.
 */
package org.kho4j.preflight.layout;
