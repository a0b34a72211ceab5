/**
 * Predicts whether the next kernel accepts a handover: {@link Preflight} judges every part, and
 * returns a {@link Report}.
 */
package org.kho4j.preflight;
