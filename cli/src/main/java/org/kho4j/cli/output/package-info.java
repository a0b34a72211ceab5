/** What the command writes: text for people, JSON for machines, progress for the patient. */
package org.kho4j.cli.output;
