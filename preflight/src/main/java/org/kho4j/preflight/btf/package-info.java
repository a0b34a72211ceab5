/**
 * The BPF Type Format: {@link Btf} reads the structures and enumerators that a kernel's compiler
 * laid out.
 */
package org.kho4j.preflight.btf;
