/** The contract rendered: the pages of {@code docs/abi/}, JSON and drawings. */
package org.kho4j.cli.abi.reference;
