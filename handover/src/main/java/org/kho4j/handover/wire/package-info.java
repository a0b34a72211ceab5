/**
 * The contract on the wire: structures and pointers read and written by their fields, the paths
 * that messages name, the guard against loops, and the exceptions. Everything else stands on it.
 */
package org.kho4j.handover.wire;
