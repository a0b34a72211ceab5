/** The data of the kernel's own test module, with the checksum of each machine. */
package org.kho4j.handover.khotest;
