/** {@code kho demo}: a handover from one JVM to the next, on this machine. */
package org.kho4j.cli.demo;
