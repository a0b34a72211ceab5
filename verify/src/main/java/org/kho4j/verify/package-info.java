/**
 * The rules for a valid handover. {@link Verifier} checks a handover and reports each {@link
 * Finding}; {@link Rules} lists every rule with its outcomes in a real kernel.
 */
package org.kho4j.verify;
