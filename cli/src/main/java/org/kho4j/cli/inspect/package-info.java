/** {@code kho inspect}: what was handed over, as a tree or as JSON. */
package org.kho4j.cli.inspect;
