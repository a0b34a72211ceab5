/**
 * KHO on a host, as its files and its running kernel's memory show it: {@link HostStatusReader}
 * reads the state of KHO and LUO, {@link DebugfsOut} the outgoing handover.
 */
package org.kho4j.preflight.host;
