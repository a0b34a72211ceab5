/** Memory images: which form a file has, and at which addresses its bytes lie. */
package org.kho4j.memory.image;
