package org.kho4j.files.packed;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A library is loaded once in a JVM, so each failure gets one of its own. */
class ZstdLibraryTest {

  @TempDir private Path directory;
  private Path packed;

  @BeforeEach
  void write() throws IOException {
    packed = Files.write(directory.resolve("packed"), Zstd.compress(new byte[5000]));
  }

  private String unpackInAnotherJvm(String option) throws Exception {
    return unpackInAnotherJvm(option, "ZSTD", File.pathSeparator + location(Zstd.class));
  }

  private String unpackInAnotherJvm(String option, String packing, String library)
      throws Exception {
    Path probe =
        Files.writeString(
            directory.resolve("Probe.java"),
            """
            import java.nio.file.Path;
            import org.kho4j.files.MappedFile;

            public class Probe {
              public static void main(String[] args) {
                Path path = Path.of(args[0]);
                try (MappedFile file = MappedFile.open(path);
                    MappedFile out =
                        org.kho4j.files.packed.Packing.valueOf(args[1]).unpack(
                            path, file.bytes(), 0, org.kho4j.files.packed.Spool.DEFAULT)) {
                  System.out.print(out.size() + " bytes");
                } catch (java.io.IOException e) {
                  System.out.print(e.getMessage());
                }
              }
            }
            """);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                option,
                "-cp",
                location(Packing.class) + library,
                probe.toString(),
                packed.toString(),
                packing)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private static Path location(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  @Test
  void unpacksTheLibraryIntoTheDirectoryThatIsNamed() throws Exception {
    assertThat(unpackInAnotherJvm("-DZstdTempFolder=" + directory)).isEqualTo("5000 bytes");
  }

  @Test
  void saysTheWayOutWhereTheLibraryCannotBeUnpacked() throws Exception {
    assertThat(unpackInAnotherJvm("-DZstdTempFolder=" + packed))
        .startsWith("zstd cannot be read, because its native library cannot be loaded: Cannot")
        .endsWith(
            " (-DZstdTempFolder=DIR names a directory to unpack it into where programs may run)")
        .doesNotContain("\n");
  }

  @Test
  void saysTheWayOutWhereTheLibraryCannotBeLoaded() throws Exception {
    assertThat(unpackInAnotherJvm("-DZstdNativePath=" + packed))
        .startsWith("zstd cannot be read, because its native library cannot be loaded: " + packed)
        .endsWith(" (-DZstdNativePath=FILE names another copy of it)")
        .doesNotContain("\n");
  }

  @ParameterizedTest
  @CsvSource({
    "ZSTD, com.github.luben:zstd-jni",
    "XZ, org.tukaani:xz",
    "LZMA, org.tukaani:xz",
  })
  void namesTheLibraryThatIsMissing(Packing packing, String library) throws Exception {
    assertThat(unpackInAnotherJvm("-Dnone", packing.name(), ""))
        .isEqualTo(
            "%s: %s cannot be read without %s: add it to the program's dependencies, and to the"
                + " requires of its module",
            packed, packing.format(), library);
  }

  @Test
  void readsFormsOfTheJdkWithoutALibrary() throws Exception {
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      out.write(new byte[5000]);
    }
    assertThat(unpackInAnotherJvm("-Dnone", "GZIP", "")).isEqualTo("5000 bytes");
  }

  @Test
  void saysTheWayOutWhereThereIsNoPlaceForWhatIsUnpacked() throws Exception {
    assertThat(unpackInAnotherJvm("-Djava.io.tmpdir=" + directory.resolve("none")))
        .isEqualTo(
            "the temporary file of %s in %s: no such directory (KHO_JAVA_OPTS=-Djava.io.tmpdir=DIR"
                + " sets another directory)",
            packed, directory.resolve("none"));
  }
}
