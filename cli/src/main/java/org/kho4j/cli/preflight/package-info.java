/** {@code kho preflight}: will that kernel take this kernel's handover? */
package org.kho4j.cli.preflight;
