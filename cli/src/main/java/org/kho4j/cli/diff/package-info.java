/** {@code kho diff}: what two handovers have in common, and what differs. */
package org.kho4j.cli.diff;
