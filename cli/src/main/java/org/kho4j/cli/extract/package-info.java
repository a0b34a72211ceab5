/** {@code kho extract}: writes what was handed over into a file. */
package org.kho4j.cli.extract;
