/** {@code kho verify}. */
package org.kho4j.cli.verify;
