/**
 * The contract as data: every structure of every released version, with offsets, sizes, limits and
 * meaning. {@link Contract} lists the versions, {@link Structure} and {@link Field} describe bytes,
 * {@link KhoLayout} and {@link KhoVersion} have the properties of each version, {@link PageSize}
 * computes with pages.
 */
package org.kho4j.abi;
