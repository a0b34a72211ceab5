/**
 * Regular files as memory. {@link MappedFile} maps a whole file, {@link FileHoles} finds the holes
 * of a sparse one.
 */
package org.kho4j.files;
