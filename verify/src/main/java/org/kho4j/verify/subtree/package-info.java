/** The blobs of subtrees, and the content of all but LUO's. */
package org.kho4j.verify.subtree;
