package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.kho4j.abi.PageSize;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.Run;

/**
 * A question to a real kernel.
 *
 * @param name by which it is chosen
 * @param proves what is known when it passes
 * @param fast whether it belongs to the few minutes that every build can spare
 * @param on the kernels that it makes sense on
 * @param family of the kernels that guests boot in place of those: a folder in {@code lab/kernels},
 *     or empty
 * @param limit the time after which it has failed
 */
public record Scenario(
    String name,
    String proves,
    boolean fast,
    Predicate<Kernel> on,
    String family,
    Duration limit,
    Body body) {

  private static final String JAVA = "java";

  private Scenario(
      String name, String proves, boolean fast, Predicate<Kernel> on, Duration limit, Body body) {
    this(name, proves, fast, on, "", limit, body);
  }

  /** The work of a scenario, which fails by throwing. */
  @FunctionalInterface
  public interface Body {
    /** Runs it. */
    void run(Run run) throws Exception;
  }

  /** All of them, in the order in which they run. */
  public static List<Scenario> all() {
    return List.of(
        new Scenario(
            "moments",
            "one handover before, at and after the jump: compares what kho4j reads with what the kernel reports",
            true,
            kernel -> !kernel.changed(),
            Duration.ofMinutes(4),
            Moments::run),
        new Scenario(
            "many-sessions",
            "2,000 sessions, or a full array of them, each with a file, read at the jump",
            false,
            kernel -> !kernel.changed(),
            Duration.ofMinutes(6),
            HandedOver::manySessions),
        new Scenario(
            "many-files",
            "a session with 1,000 files, or a full array of them, read at the jump",
            false,
            kernel -> !kernel.changed(),
            Duration.ofMinutes(6),
            HandedOver::manyFiles),
        new Scenario(
            "large-memfd",
            "a memfd of 516 MiB, whose list of folios takes two chunks",
            false,
            kernel -> !kernel.changed() && kernel.pageSize().shift() == 12,
            Duration.ofMinutes(6),
            HandedOver::largeMemfd),
        new Scenario(
            "huge-folios",
            "memfds of huge folios",
            false,
            kernel -> !kernel.changed() && kernel.pageSize().shift() <= 14,
            Duration.ofMinutes(4),
            HandedOver::hugeFolios),
        new Scenario(
            "two-nodes",
            "two NUMA nodes, read from an ELF core and from a kdump that QEMU wrote at the jump",
            false,
            kernel -> !kernel.changed() && kernel.pageSize().shift() <= 14,
            Duration.ofMinutes(6),
            HandedOver::twoNodes),
        new Scenario(
            "above-the-hole",
            "a guest of 5 GiB, whose RAM file is not flat on x86-64, read by the layout QEMU tells",
            false,
            kernel -> !kernel.changed(),
            Duration.ofMinutes(6),
            HandedOver::aboveTheHole),
        new Scenario(
            "selftests",
            "the kernel's own selftests of LUO; Java reads what they preserve",
            false,
            kernel -> !kernel.changed() && !kernel.name().equals("ready"),
            Duration.ofMinutes(6),
            Selftests::run),
        restored(
            "restore-pages",
            "single pages that Java wrote, restored by Linux",
            true,
            Restored::pages),
        restored(
            "restore-folios", "hundreds of folios of all orders, restored", true, Restored::folios),
        restored(
            "restore-full-chunk",
            "an area that fills its chunk exactly, restored",
            false,
            Restored::fullChunk),
        restored(
            "restore-several-chunks",
            "an area of three chunks, restored",
            true,
            Restored::severalChunks),
        restored(
            "restore-huge-area", "an area of huge blocks, restored", false, Restored::hugeArea),
        restored(
            "wrong-chunk",
            "one wrong address in a chunk: the kernel fails to restore, and the lab notices",
            true,
            Restored::wrongChunk),
        restored(
            "restore-sessions",
            "sessions of memfds that Java wrote, retrieved by Linux: contents, holes, seals",
            true,
            Sessions::restored),
        restored(
            "restore-many-sessions",
            "sessions that take several blocks, or a full array, retrieved",
            false,
            Sessions::manySessions),
        restored(
            "restore-many-files",
            "a session whose files take several blocks, or a full array, retrieved",
            false,
            Sessions::manyFiles),
        restored(
            "wrong-content",
            "one wrong bit in a memfd that Java wrote: the guest notices",
            true,
            Sessions::wrongContent),
        restored(
            "there-and-back",
            "Java writes, Linux restores, preserves again and restores again, Java reads",
            true,
            Restored::thereAndBack),
        new Scenario(
            "author",
            "the example specs, written by kho author, restored",
            false,
            kernel -> !kernel.changed() && !isArm64With4K(kernel),
            Duration.ofMinutes(5),
            Examples::author),
        new Scenario(
            "convert",
            "a handover in the form of 7.1, made and converted by kho convert, restored",
            false,
            kernel -> !kernel.changed() && !isArm64With4K(kernel),
            Duration.ofMinutes(4),
            Examples::convert),
        new Scenario(
            "systemd",
            "a service with a warm store under systemd: restart, kill -9, soft-reboot, two kexecs",
            false,
            Scenario::hasJava,
            JAVA,
            Duration.ofMinutes(120),
            Systemd::run),
        new Scenario(
            "guarded-kexec",
            "systemd's units of examples/systemd stop a jump into another LUO, and let the same"
                + " through",
            false,
            kernel -> kernel.name().equals("x86_64-7.3"),
            JAVA,
            Duration.ofMinutes(40),
            GuardedKexec::run),
        new Scenario(
            "luo-from-java",
            "a Java program preserves memory files in a LUO session of its own, without systemd",
            false,
            Scenario::hasJava,
            JAVA,
            Duration.ofMinutes(15),
            LiveUpdateFromJava::run),
        new Scenario(
            "running",
            "kho in the guest reads the kernel that it runs on: as debugfs, as kho outside",
            false,
            kernel -> hasJava(kernel) || kernel.name().equals("arm64-7.3-16k"),
            JAVA,
            Duration.ofMinutes(40),
            InsideGuest::run),
        new Scenario(
            "running-hidden",
            "without root, capabilities or debugfs, and in a container, kho says so and ends with"
                + " 2",
            false,
            kernel -> kernel.name().equals("x86_64-7.3"),
            JAVA,
            Duration.ofMinutes(20),
            HiddenHost::run),
        new Scenario(
            "refused",
            "a kernel of another version refuses what Java wrote for this one",
            false,
            Kernel::changed,
            Duration.ofMinutes(2),
            Restored::refused));
  }

  /** The kernel that guests boot for one of {@link #on}, described and not built. */
  public Kernel boots(Path lab, Kernel kernel) throws IOException {
    return family.isEmpty()
        ? kernel
        : Kernel.described(lab, family + "/" + kernel.name().replace("x86_64-", ""));
  }

  /** There is no example for that. */
  private static boolean isArm64With4K(Kernel kernel) {
    return kernel.arch() == Arch.ARM64 && kernel.pageSize() == PageSize.SIZE_4K;
  }

  /** Returns whether the family for guests with a JVM has such a kernel. */
  private static boolean hasJava(Kernel kernel) {
    return List.of("x86_64-7.2", "x86_64-7.3").contains(kernel.name());
  }

  private static Scenario restored(String name, String proves, boolean fast, Body body) {
    return new Scenario(
        name, proves, fast, kernel -> !kernel.changed(), Duration.ofMinutes(4), body);
  }
}
