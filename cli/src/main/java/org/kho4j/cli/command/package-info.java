/** The elements of kho's commands: options, the run, and the numbers that commands read. */
package org.kho4j.cli.command;
