package org.kho4j.cli.preflight;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Schema;
import org.kho4j.handover.luo.FeatureHeader;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.Footprint;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.profile.KernelConfig;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

/** The profile of a kernel in a file, which replaces the kernel. */
public final class ProfileFile {

  private static final String KHO_BY_DEFAULT = "khoByDefault";

  /** The member with the command line that is built into the kernel. */
  private static final String OWN_COMMAND_LINE = "ownCommandLine";

  /** The member with the command line and the initrd that the kernel is to boot with. */
  private static final String BOOT = "boot";

  private static final String COMMAND_LINE = "commandLine";
  private static final String INITRD = "initrdBytes";

  private ProfileFile() {}

  /** Returns whether a file begins as a profile does, which no kernel image can. */
  static boolean isOne(Path path) throws IOException {
    // Looked at before it is opened: to open a FIFO would wait for a writer.
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new IOException(
          path
              + (attributes.isDirectory() ? ": is a directory" : ": is no regular file")
              + ", not a kernel");
    }
    try (InputStream in = Files.newInputStream(path)) {
      return in.read() == '{';
    }
  }

  /**
   * Reads a profile, with the command line and the initrd that the kernel is to boot with, if the
   * profile has them.
   *
   * @throws IOException if it is none; the message names the file and what is wrong
   */
  static OutgoingKernel read(Path path) throws IOException {
    return kernel(path.toString(), JsonFields.read(path));
  }

  /** Reads a profile out of its fields, as {@link #read(Path)} does. */
  static OutgoingKernel kernel(String source, JsonFields root) throws IOException {
    Profile profile = read(source, root);
    if (!root.has(BOOT)) {
      return OutgoingKernel.of(profile, Optional.empty());
    }
    JsonFields boot = root.object(BOOT);
    return new OutgoingKernel(
        profile,
        Optional.empty(),
        boot.has(COMMAND_LINE)
            ? Optional.of(new CommandLine(boot.text(COMMAND_LINE)))
            : Optional.empty(),
        boot.has(INITRD) ? Optional.of(boot.count(INITRD)) : Optional.empty(),
        List.of());
  }

  /** Reads a profile from bytes, as {@link #read(Path)} does. */
  public static OutgoingKernel read(String name, byte[] bytes) throws IOException {
    return kernel(name, JsonFields.read(name, bytes));
  }

  /** Reads a profile out of its fields. */
  static Profile read(String source, JsonFields root) throws IOException {
    String schema = root.text("schema");
    if (!schema.equals(Schema.KERNEL_PROFILE.id())) {
      throw root.wrong(
          "schema is \"%s\", but a kernel's profile has \"%s\""
              .formatted(schema, Schema.KERNEL_PROFILE.id()));
    }
    Map<String, Long> constants = new TreeMap<>();
    JsonFields numbers = root.object("constants");
    for (String name : numbers.names()) {
      constants.put(name, numbers.number(name));
    }
    return new Profile(
        source,
        root.has("release") ? Optional.of(root.text("release")) : Optional.empty(),
        architecture(root),
        root.has("pageSize") ? Optional.of(pageSize(root)) : Optional.empty(),
        parts(root.object("parts")),
        root.has("versions") ? Optional.of(root.texts("versions")) : Optional.empty(),
        root.has("types") ? Optional.of(types(root.object("types"))) : Optional.empty(),
        constants,
        root.has(KHO_BY_DEFAULT) || root.has(OWN_COMMAND_LINE)
            ? Optional.of(config(root))
            : Optional.empty(),
        root.has("footprint")
            ? Optional.of(footprint(root.object("footprint")))
            : Optional.empty());
  }

  /** Reads the configuration; profiles that were saved before lack the command line. */
  private static KernelConfig config(JsonFields root) throws IOException {
    boolean khoByDefault = root.flag(KHO_BY_DEFAULT);
    if (!root.has(OWN_COMMAND_LINE)) {
      return new KernelConfig(khoByDefault, "", KernelConfig.Use.DEFAULT);
    }
    JsonFields line = root.object(OWN_COMMAND_LINE);
    return new KernelConfig(
        khoByDefault, line.text("text"), line.oneOf("use", KernelConfig.Use.values()));
  }

  /** Reads the support of each part. */
  private static Map<String, Support> parts(JsonFields supported) throws IOException {
    Map<String, Support> parts = new TreeMap<>();
    for (String name : supported.names()) {
      parts.put(name, support(supported.object(name)));
    }
    return parts;
  }

  /** Reads the support of a part. */
  static Support support(JsonFields part) throws IOException {
    return new Support(
        part.oneOf("state", Support.State.values()),
        part.texts("versions"),
        part.has("features") ? Optional.of(features(part.object("features"))) : Optional.empty(),
        part.text("evidence"));
  }

  private static FeatureHeader features(JsonFields features) throws IOException {
    return new FeatureHeader(
        features.number("supported"), features.number("required"), features.number("active"));
  }

  private static Architecture architecture(JsonFields root) throws IOException {
    String text = root.text("architecture").replace('_', '-');
    for (Architecture architecture : Architecture.values()) {
      if (architecture.label().equals(text)) {
        return architecture;
      }
    }
    throw root.wrong(
        "architecture is \"%s\", not one of %s".formatted(text, List.of(Architecture.values())));
  }

  private static Footprint footprint(JsonFields footprint) throws IOException {
    try {
      return new Footprint(footprint.count("bytes"), footprint.count("alignment"));
    } catch (IllegalArgumentException e) {
      throw footprint.wrong("" + e.getMessage());
    }
  }

  private static PageSize pageSize(JsonFields root) throws IOException {
    long bytes = root.number("pageSize");
    return PageSize.ofBytes(bytes)
        .orElseThrow(() -> root.wrong("pageSize is " + bytes + ", which no kernel with KHO has"));
  }

  private static Map<String, KernelType> types(JsonFields types) throws IOException {
    Map<String, KernelType> found = new TreeMap<>();
    for (String name : types.names()) {
      JsonFields type = types.object(name);
      found.put(name, new KernelType(name, type.count("size"), members(type)));
    }
    return found;
  }

  /** Reads members; profiles of an older kho say nothing of elements and inner structures. */
  private static List<Member> members(JsonFields type) throws IOException {
    List<Member> members = new ArrayList<>();
    for (JsonFields member : type.objects("members")) {
      members.add(
          new Member(
              member.text("name"),
              member.count("bit"),
              member.count("bits"),
              member.has("elementBits") ? member.count("elementBits") : 0,
              member.has("structure") ? member.text("structure") : "",
              member.has("members") ? members(member) : List.of()));
    }
    return members;
  }

  /**
   * Writes a profile into a file, which is as readable as the umask lets it be.
   *
   * @param kernel with the command line and the initrd that it is to boot with, if they are known
   * @param file is closed
   */
  static void write(OutgoingKernel kernel, OutputFile file) throws IOException {
    byte[] bytes = bytes(kernel);
    try (OutputFile output = file) {
      output.write(bytes);
      output.commit();
    }
  }

  /** Returns the content of a profile's file. */
  public static byte[] bytes(OutgoingKernel kernel) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Json json = new Json(out)) {
      write(kernel, List.of(), json);
    }
    return out.toByteArray();
  }

  /**
   * Writes a profile.
   *
   * @param notes what could not be read of the kernel; a profile that is read again has none
   */
  static void write(OutgoingKernel kernel, List<String> notes, Json json) {
    Profile profile = kernel.profile();
    json.document(Schema.KERNEL_PROFILE);
    json.text("release", profile.release().orElse(null));
    json.text("architecture", profile.architecture().label());
    profile.pageSize().ifPresent(size -> json.number("pageSize", size.bytes()));
    profile
        .config()
        .ifPresent(config -> {
          json.flag(KHO_BY_DEFAULT, config.khoByDefault());
          if (!config.commandLine().isEmpty()) {
            json.object(OWN_COMMAND_LINE)
                .text("text", config.commandLine())
                .text("use", label(config.use()))
                .endObject();
          }
        });
    profile
        .footprint()
        .ifPresent(memory ->
            json.object("footprint")
                .number("bytes", memory.bytes())
                .number("alignment", memory.alignment())
                .endObject());
    if (kernel.commandLine().isPresent() || kernel.initrd().isPresent()) {
      json.object(BOOT);
      kernel.commandLine().ifPresent(line -> json.text(COMMAND_LINE, line.text()));
      kernel.initrd().ifPresent(bytes -> json.number(INITRD, bytes));
      json.endObject();
    }
    parts(json, profile.parts());
    profile.versions().ifPresent(versions -> json.texts("versions", versions));
    json.object("constants");
    new TreeMap<>(profile.constants()).forEach(json::number);
    json.endObject();
    profile.types().ifPresent(types -> types(json, types));
    json.textsIfAny("notes", notes);
    json.endObject();
  }

  /** Writes the support of each part, with the evidence. */
  static void parts(Json json, Map<String, Support> parts) {
    json.object("parts");
    new TreeMap<>(parts).forEach((name, support) -> support(json.object(name), support));
    json.endObject();
  }

  /** Writes the support of a part, and ends the object that it is. */
  public static void support(Json json, Support support) {
    json.text("state", label(support.state())).texts("versions", support.versions());
    support
        .features()
        .ifPresent(features ->
            json.object("features")
                .number("supported", features.supported())
                .number("required", features.required())
                .number("active", features.active())
                .endObject());
    json.text("evidence", support.evidence()).endObject();
  }

  private static void types(Json json, Map<String, KernelType> types) {
    json.object("types");
    for (KernelType type : new TreeMap<>(types).values()) {
      json.object(type.name()).number("size", type.size());
      members(json, type.members());
      json.endObject();
    }
    json.endObject();
  }

  private static void members(Json json, List<Member> members) {
    json.array("members");
    for (Member member : members) {
      json.object()
          .text("name", member.name())
          .number("bit", member.bitOffset())
          .number("bits", member.bitSize());
      if (member.elementBits() != 0) {
        json.number("elementBits", member.elementBits());
      }
      if (!member.structure().isEmpty()) {
        json.text("structure", member.structure());
      }
      if (!member.inner().isEmpty()) {
        members(json, member.inner());
      }
      json.endObject();
    }
    json.endArray();
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
