/** What systemd hands over beside the kernel: the descriptors that its units stored. */
package org.kho4j.verify.systemd;
