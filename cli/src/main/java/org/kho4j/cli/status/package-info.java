/** The command {@code kho status}. */
package org.kho4j.cli.status;
