/**
 * What a kernel supports: its {@link Profile} has the versions of each part and the layouts; {@link
 * KernelPair} compares two.
 */
package org.kho4j.preflight.profile;
