/** Memory that is stored in a mapped file, run by run. */
package org.kho4j.memory.mapped;
