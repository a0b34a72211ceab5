package org.kho4j.handover.luo;

import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A kind of file that can be handed over. Any program can declare one.
 *
 * @param <T> type of the data that the reader returns
 * @param compatible whether a compatible string is this handler's
 * @param reader reads the data that was handed over for a file; throws a {@link
 *     org.kho4j.handover.wire.HandoverException} if it is broken
 */
public record FileHandler<T>(Predicate<String> compatible, Function<PreservedFile, T> reader) {}
