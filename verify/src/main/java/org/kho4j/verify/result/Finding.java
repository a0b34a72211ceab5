package org.kho4j.verify.result;

/**
 * A place where a rule does not hold.
 *
 * @param rule the broken rule
 * @param path names of the structures that lead there
 * @param address physical address of the structure
 * @param message the fault, with the value and the bound
 */
public record Finding(Rule rule, String path, long address, String message) {}
