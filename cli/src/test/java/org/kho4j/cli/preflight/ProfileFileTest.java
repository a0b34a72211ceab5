package org.kho4j.cli.preflight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.preflight.image.Footprint;
import org.kho4j.preflight.image.KernelImages;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.profile.KernelConfig;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.ProfileReader;

class ProfileFileTest {

  private static final Path BASE = Path.of(System.getProperty("basedir", "."));
  private static final Path KERNEL =
      BASE.resolve("../preflight/src/test/resources/org/kho4j/preflight/small.elf");
  private static final Path KERNELS =
      BASE.resolve("src/test/resources/org/kho4j/cli/preflight/kernels");

  @TempDir private Path directory;

  private static Profile kernel() throws IOException {
    return ProfileReader.read(KernelImages.read(KERNEL));
  }

  private static OutgoingKernel kernel(Profile profile) {
    return OutgoingKernel.of(profile, Optional.empty());
  }

  private Path written(Profile profile) throws IOException {
    Path file = directory.resolve("profile.json");
    ProfileFile.write(kernel(profile), OutputFile.create(file, false, List.of()));
    return file;
  }

  /** The same but for the name that it goes by. */
  private static void assertSame(Profile read, Profile kernel) {
    assertThat(read).usingRecursiveComparison().ignoringFields("source").isEqualTo(kernel);
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    assertSame(ProfileFile.read(written(kernel())).profile(), kernel());
  }

  /** Profiles that were saved before spell it as the constant's name. */
  @Test
  void theArchitectureIsSpelledAsEverywhere() throws IOException {
    Path file = written(kernel());
    String whole = Files.readString(file);
    assertThat(whole).contains("\"architecture\" : \"x86-64\"");
    Files.writeString(file, whole.replace("x86-64", "x86_64"));
    assertSame(ProfileFile.read(file).profile(), kernel());
    Files.writeString(file, whole.replace("x86-64", "mips"));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessage(
            file + ": architecture is \"mips\", not one of [x86-64, arm64, riscv64, unknown]");
  }

  @Test
  void sizeAndCommandLineAreKept() throws IOException {
    Profile kernel = kernel();
    Profile sized =
        new Profile(
            kernel.source(),
            kernel.release(),
            kernel.architecture(),
            kernel.pageSize(),
            kernel.parts(),
            kernel.versions(),
            kernel.types(),
            kernel.constants(),
            Optional.of(new KernelConfig(true, "kho=off", KernelConfig.Use.OVERRIDES)),
            Optional.of(new Footprint(0xc6f000, 0x200000)));
    Path file = written(sized);
    assertSame(ProfileFile.read(file).profile(), sized);
    Files.writeString(file, Files.readString(file).replace("2097152", "3"));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessage(file + ": footprint: 13037568 bytes aligned to 3 are no place for a kernel");
  }

  @Test
  void theOwnCommandLineIsReadOrRefused() throws IOException {
    Path file = written(kernel());
    String own =
        "{ \"khoByDefault\" : true, \"ownCommandLine\" : { \"text\" : \"kho=off\", \"use\" :"
            + " \"precedes\" },";
    String whole = Files.readString(file).replaceFirst("\\{", own);
    Files.writeString(file, whole);
    assertThat(ProfileFile.read(file).profile().config())
        .contains(new KernelConfig(true, "kho=off", KernelConfig.Use.PRECEDES));

    Files.writeString(file, whole.replace("\"khoByDefault\" : true,", ""));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessage(file + ": khoByDefault is neither true nor false");
    Files.writeString(
        file, whole.replaceFirst("\"ownCommandLine\" : \\{[^}]*\\}", "\"ownCommandLine\" : null"));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessageStartingWith(file + ": ownCommandLine");
  }

  /** The JSON library's own text names neither file nor cause that a user knows. */
  @Test
  void textThatIsNoJsonIsSaidWithItsPlace() throws IOException {
    Path file = Files.writeString(directory.resolve("profile.json"), "{ \"schema\": x }");
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessage(file + ":1:13: not the JSON of a profile or of kho inspect");
  }

  @Test
  void profilesOfRealKernelsStayWhatTheyAre() throws IOException {
    try (Stream<Path> files = Files.list(KERNELS)) {
      for (Path file : files.toList()) {
        Profile profile = ProfileFile.read(file).profile();
        Path copy = directory.resolve(file.getFileName());
        ProfileFile.write(kernel(profile), OutputFile.create(copy, false, List.of()));
        assertSame(ProfileFile.read(copy).profile(), profile);
      }
    }
  }

  @Test
  void whatIsNotKnownHereIsPassedOver() throws IOException {
    Path file = written(kernel());
    Files.writeString(
        file, Files.readString(file).replaceFirst("\\{", "{ \"later\" : [ { \"x\" : null } ],"));
    assertSame(ProfileFile.read(file).profile(), kernel());
  }

  @Test
  void messagesNameTheFileAndTheMember() throws IOException {
    Path file = written(kernel());
    String whole = Files.readString(file);
    Files.writeString(
        file, whole.replaceFirst("\"kho4j/kernel-profile/1\"", "\"kho4j/inspect/1\""));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessage(
            file
                + ": schema is \"kho4j/inspect/1\", but a kernel's profile has"
                + " \"kho4j/kernel-profile/1\"");
    Files.writeString(file, whole.replaceFirst("\"bits\" : \\d+", "\"bits\" : -8"));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessageStartingWith(file + ": types: ")
        .hasMessageEndingWith("bits is -8, which is less than 0");
    Files.writeString(file, whole.replaceFirst("\"yes\"", "\"maybe\""));
    assertThatThrownBy(() -> ProfileFile.read(file))
        .hasMessageContaining("state is \"maybe\", not one of [yes, no, unknown]");
  }

  @Test
  void everyPlaceToCutItOffIsSaid() throws IOException {
    Path file = written(kernel());
    byte[] whole = Files.readAllBytes(file);
    int end = new String(whole, StandardCharsets.UTF_8).lastIndexOf('}');
    for (int length = 1; length <= end; length += 37) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> ProfileFile.read(file))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(file.toString());
    }
  }

  @Test
  void damagedProfilesAreReadOrRefused() throws IOException {
    Random random = new Random(3);
    Path file = written(kernel());
    byte[] whole = Files.readAllBytes(file);
    int refused = 0;
    for (int i = 0; i < 500; i++) {
      byte[] damaged = whole.clone();
      for (int j = 0; j <= i % 5; j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, damaged);
      try {
        assertThat(ProfileFile.read(file).profile().parts()).isNotEmpty();
      } catch (IOException e) {
        assertThat(e).hasMessageStartingWith(file.toString());
        refused++;
      }
    }
    assertThat(refused).isBetween(250, 499);
  }

  @Test
  void endlessJsonIsRefusedInTime() throws IOException {
    String beginning = "{\"schema\":\"kho4j/inspect/1\",\"more\":[";
    Path objects =
        Files.writeString(
            directory.resolve("objects.json"), beginning + "{},".repeat(1 << 20) + "{}]}");
    assertThatThrownBy(() -> ProfileFile.read(objects))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not the JSON of a profile or of kho inspect");
    Path spaces =
        Files.writeString(
            directory.resolve("spaces.json"), beginning + " ".repeat(17 << 20) + "]}");
    assertThatThrownBy(() -> ProfileFile.read(spaces)).hasMessageContaining("is larger than");
  }

  @Test
  void aFileThatIsThereIsReplacedOnlyWhenAsked() throws IOException {
    Path file = Files.writeString(directory.resolve("profile.json"), "mine");
    assertThatThrownBy(
            () -> ProfileFile.write(kernel(kernel()), OutputFile.create(file, false, List.of())))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("exists; --force replaces it");
    assertThat(Files.readString(file)).isEqualTo("mine");
    ProfileFile.write(kernel(kernel()), OutputFile.create(file, true, List.of()));
    assertSame(ProfileFile.read(file).profile(), kernel());
  }

  @Test
  void aLinkIsReplacedAndWhatItNamesIsNot() throws IOException {
    Path other = Files.writeString(directory.resolve("other"), "mine");
    Path link = Files.createSymbolicLink(directory.resolve("link.json"), other);
    assertThatThrownBy(
            () -> ProfileFile.write(kernel(kernel()), OutputFile.create(link, false, List.of())))
        .hasMessageContaining("exists");
    ProfileFile.write(kernel(kernel()), OutputFile.create(link, true, List.of()));
    assertThat(Files.readString(other)).isEqualTo("mine");
    assertThat(Files.isSymbolicLink(link)).isFalse();
  }

  @Test
  void othersMayReadItAsAnyFile() throws IOException {
    Path any = Files.createFile(directory.resolve("any"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(written(kernel()))))
        .isEqualTo(PosixFilePermissions.toString(Files.getPosixFilePermissions(any)));
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("any", "profile.json");
    }
  }
}
