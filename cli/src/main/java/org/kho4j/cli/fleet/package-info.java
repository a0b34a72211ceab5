/** {@code kho fleet}: what it takes, and the start of Apache Spark. */
package org.kho4j.cli.fleet;
