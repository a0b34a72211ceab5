/** LiME files: ranges of physical memory, each preceded by a header with its addresses. */
package org.kho4j.memory.lime;
