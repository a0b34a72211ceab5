/** kdump files, plain and flattened, and the codecs of their pages. */
package org.kho4j.memory.kdump;
