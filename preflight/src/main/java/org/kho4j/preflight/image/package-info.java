/**
 * Kernel images of x86-64 and arm64. {@link KernelImages} opens one; {@link KernelImage} has its
 * release, page size, configuration, version strings and types.
 */
package org.kho4j.preflight.image;
