/**
 * System calls and devices of Linux: memory files ({@link LinuxFile}), whole files as writable
 * memory ({@link LinuxMemory}), systemd's descriptor store ({@link NotifySocket}, {@link
 * ListenFds}) and {@code /dev/liveupdate} ({@link LiveUpdateDevice}).
 */
package org.kho4j.linux;
