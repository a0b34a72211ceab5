/** The memory of the host that runs, read through {@code /proc/kcore}. */
package org.kho4j.memory.running;
