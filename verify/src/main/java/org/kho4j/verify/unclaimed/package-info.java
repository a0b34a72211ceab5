/**
 * Pages with two owners, and preserved pages without one, with the structures that they look like.
 */
package org.kho4j.verify.unclaimed;
