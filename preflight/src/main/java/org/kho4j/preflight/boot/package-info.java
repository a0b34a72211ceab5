/** The kernel that a host boots next: {@link BootEntries} chooses the boot entry. */
package org.kho4j.preflight.boot;
