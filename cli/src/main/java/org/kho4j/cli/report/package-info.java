/** {@code kho report}: a handover as one page of HTML. */
package org.kho4j.cli.report;
