/** What a command of kho is made of: its options, its run, the numbers it reads. */
package org.kho4j.cli.command;
