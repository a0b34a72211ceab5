/**
 * The Live Update Orchestrator: sessions, files and file-lifecycle-bound data in every version,
 * read by {@link LiveUpdate} and written by {@link LiveUpdateSaver}; the KHO blocks that list them.
 */
package org.kho4j.handover.luo;
