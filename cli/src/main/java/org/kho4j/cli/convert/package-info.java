/** {@code kho convert}: a handover in the form of another version. */
package org.kho4j.cli.convert;
