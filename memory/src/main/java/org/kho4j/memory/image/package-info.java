/** Memory images: detects the form of a file, and the physical addresses of its bytes. */
package org.kho4j.memory.image;
