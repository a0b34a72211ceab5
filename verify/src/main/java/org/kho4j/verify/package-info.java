/**
 * The rules that a sound handover keeps. {@link Verifier} checks a handover and reports each {@link
 * Finding}; {@link Rules} lists every rule with the outcomes on a real kernel.
 */
package org.kho4j.verify;
