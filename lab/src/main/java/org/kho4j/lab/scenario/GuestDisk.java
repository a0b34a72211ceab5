package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.lab.guest.Boot;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;

/** A guest with Debian and a Java runtime on its disk. */
final class GuestDisk {

  private static final long MEMORY = 1L << 30;

  /** As that of the package, without its start-up cache, and with less of the JVM's compilers. */
  private static final String LAUNCHER =
      """
      #!/bin/sh
      exec /opt/kho/bin/java -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
        --enable-native-access=org.kho4j.linux,org.kho4j.files \
        -DZstdNativePath=/opt/kho/lib/libzstd-jni.so -m org.kho4j.cli/org.kho4j.cli.Kho "$@"
      """;

  private GuestDisk() {}

  /**
   * Boots the run's kernel; the guest jumps to 7.3.
   *
   * @param number for the guest's programs
   */
  static Guest boot(Run run, long number, String parameters)
      throws IOException, InterruptedException {
    return boot(run, number, parameters, List.of());
  }

  /**
   * Boots the run's kernel from a disk with more files.
   *
   * @param number for the guest's programs
   * @param over a directory whose files go over those of the disk, or nothing
   */
  static Guest boot(Run run, long number, String parameters, List<Path> over)
      throws IOException, InterruptedException {
    Kernel next = built(run, "7.3");
    Path disk = run.directory().resolve("disk");
    List<String> command = new ArrayList<>();
    command.add(run.lab().resolve("disk").toString());
    command.addAll(List.of(disk.toString(), Long.toString(run.told(number))));
    command.add(next.image().toString());
    over.forEach(directory -> command.add(directory.toString()));
    run.program("disk", command);
    Stage stage =
        new Stage(
            run.kernel(), "root=/dev/vda rw systemd.show_status=no " + parameters, new Script());
    return run.boot(Boot.fromDisk(new Machine(MEMORY, 1), stage, disk));
  }

  /** Puts kho into files that go over those of a disk, as {@code /usr/bin/kho}. */
  static void addKho(Run run, Path over) throws IOException {
    Path image = run.directory().resolve("image");
    run.program("image", List.of(run.lab().resolve("image").toString(), image.toString()));
    Files.createDirectories(over.resolve("opt"));
    Files.move(image.resolve("kho"), over.resolve("opt/kho"));
    addProgram(over.resolve("usr/bin/kho"), LAUNCHER);
  }

  /** Writes a script that can be run. */
  static void addProgram(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A kernel for guests with a JVM. */
  static Kernel built(Run run, String name) throws IOException, InterruptedException {
    return Kernel.described(run.lab(), "java/" + name).built(run.lab());
  }

  /** Without the last number: {@code "7.3"}. */
  static String release(Run run) {
    return run.kernel().name().replace("java/", "");
  }
}
