/** Compares verify's findings about a handover with its outcome in a real kernel. */
package org.kho4j.lab.agreement;
