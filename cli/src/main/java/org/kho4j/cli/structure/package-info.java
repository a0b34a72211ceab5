/** {@code kho who} and {@code kho show}: single addresses and single structures. */
package org.kho4j.cli.structure;
