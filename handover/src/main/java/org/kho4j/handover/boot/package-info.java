/**
 * The boot record, which gives the next kernel the addresses of the root FDT and of the scratch
 * array: {@code setup_data} on x86-64 ({@link BootData}), two properties of {@code /chosen} on
 * arm64 ({@link ChosenNode}).
 */
package org.kho4j.handover.boot;
