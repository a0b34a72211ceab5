/** The preserved map: its form, its pages, and the preserved blocks. */
package org.kho4j.verify.map;
