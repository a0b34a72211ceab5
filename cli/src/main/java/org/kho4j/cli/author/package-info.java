/** {@code kho author}: a handover written as a spec describes it. */
package org.kho4j.cli.author;
