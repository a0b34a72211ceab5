/**
 * Every host against every kernel. Plain Java reads a host and judges it; Spark distributes that
 * and keeps the tables.
 */
@NullMarked
package org.kho4j.fleet;

import org.jspecify.annotations.NullMarked;
