/**
 * The boot record, which leads the next kernel to its root FDT and its scratch regions: {@code
 * setup_data} on x86-64 ({@link BootData}), two properties of {@code /chosen} on arm64 ({@link
 * ChosenNode}).
 */
package org.kho4j.handover.boot;
