/** LiME files: ranges of physical memory, each behind a header with its addresses. */
package org.kho4j.memory.lime;
