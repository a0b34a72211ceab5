/** Memory whose bytes lie in a mapped file, run by run. */
package org.kho4j.memory.mapped;
