/** The lab's command: which scenarios run on which kernels, and how they went. */
package org.kho4j.lab;
