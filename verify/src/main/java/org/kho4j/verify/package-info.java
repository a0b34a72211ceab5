/**
 * Checks a handover against every rule. {@link Verifier} checks and reports each {@link
 * org.kho4j.verify.result.Finding}; {@link Rules} lists every rule; {@link PreservedRanges} visits
 * all preserved memory with its owners, and {@link Scratch} has the scratch regions.
 */
package org.kho4j.verify;
