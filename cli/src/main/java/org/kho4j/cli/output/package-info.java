/** The output of the command: text for people, JSON for machines, and progress on a terminal. */
package org.kho4j.cli.output;
