/** Searches memory for root FDTs, and reads the subtrees that a root FDT lists. */
package org.kho4j.handover.root;
