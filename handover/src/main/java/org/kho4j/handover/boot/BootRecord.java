package org.kho4j.handover.boot;

import java.util.Optional;
import org.kho4j.handover.pages.AddressRange;

/**
 * A boot record that was found in memory.
 *
 * @param address of the list of setup_data, or of the device tree, that holds the record
 * @param data the record's content
 * @param array the range from which the scratch array can be read now: kexec copies the array to
 *     the record's address at the jump, and the kernel keeps its own until then; empty if neither
 *     was found
 */
public record BootRecord(long address, BootData data, Optional<AddressRange> array) {}
