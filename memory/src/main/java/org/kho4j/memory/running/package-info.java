/** The memory of the running host, read through {@code /proc/kcore}. */
package org.kho4j.memory.running;
