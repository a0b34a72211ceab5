package org.kho4j.memory;

import java.nio.channels.FileChannel;

/**
 * The place in a file where bytes of physical memory are stored uncompressed and contiguously, so
 * that the kernel can copy them into another file.
 *
 * @param channel open as long as the memory
 * @param position of the first byte
 */
public record FileExtent(FileChannel channel, long position) {}
