/** What all rules of one handover share: {@link Scene} reads, reports and claims for them. */
package org.kho4j.verify.scene;
