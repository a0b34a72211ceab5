/** The content of a handover's parts, for the commands that write, compare and copy it. */
package org.kho4j.cli.content;
