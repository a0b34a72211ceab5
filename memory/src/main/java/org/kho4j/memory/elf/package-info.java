/** ELF cores: the segments of a machine's memory, and the notes about it. */
package org.kho4j.memory.elf;
