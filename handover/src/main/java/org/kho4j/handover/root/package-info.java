/** Root FDTs: the search for them in memory, and the subtrees that one lists. */
package org.kho4j.handover.root;
