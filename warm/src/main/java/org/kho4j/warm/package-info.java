/**
 * Warm stores: named regions of off-heap memory that survive a restart, a crash and a kexec. {@link
 * WarmStore} opens a store, {@link Region} is its memory, {@link Transaction} makes several changes
 * atomic, {@link SystemdStore} keeps a store in systemd's descriptor store.
 */
package org.kho4j.warm;
