/** The handover of systemd: the file descriptors that its units stored. */
package org.kho4j.verify.systemd;
