/** What the running host shows of KHO: where its handovers are, and who takes part in them. */
package org.kho4j.preflight.host;
