/** KHO on the running host: the addresses of its handovers, and the processes that use LUO. */
package org.kho4j.preflight.host;
