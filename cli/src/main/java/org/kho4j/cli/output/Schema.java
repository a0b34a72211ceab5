package org.kho4j.cli.output;

/**
 * The forms of machine output. A document's first member, {@code schema}, has the {@link #id} of
 * its form; the number at the end changes when a reader of the old form could misread the new one.
 */
public enum Schema {
  INSPECT("inspect/1", "inspect", "handovers with everything that is decoded"),
  RADIX("radix/1", "inspect --radix", "one radix tree: keys and runs"),
  AUTHOR("author/1", "author", "addresses of every structure that was written"),
  CONVERT("convert/1", "convert", "what was written, and what was left out"),
  EXTRACT("extract/1", "extract", "one file: size, holes, absent pages, digest"),
  EXTRACT_ALL("extract-all/1", "extract --all", "every file of the directory"),
  DIFF("diff/1", "diff", "two handovers, item by item"),
  VERIFY("verify/1", "verify", "findings, counts of what was checked, absent memory"),
  VERIFY_RULES("verify-rules/1", "verify --rules", "the rules"),
  PREFLIGHT("preflight/1", "preflight --from A --to B", "verdict and components"),
  KERNEL_PROFILE("kernel-profile/1", "preflight --to KERNEL", "versions and layouts of one kernel"),
  FLEET("fleet/1", "fleet", "counts of verdicts by kernel and group"),
  STATUS("status/1", "status", "KHO and LUO on this host"),
  REPORT("report/1", "report", "path and size of the page, counts of findings"),
  WHO("who/1", "who", "owners of addresses"),
  SHOW("show/1", "show", "one structure, or the list of paths"),
  WARM("warm/1", "warm list", "warm stores with their regions; kho warm show writes the same"),
  WARM_VERIFY("warm-verify/1", "warm verify", "checksums of regions"),
  WARM_DROP("warm-drop/1", "warm drop", "the region that was dropped"),
  DEMO("demo/1", "demo", "steps and times of both JVMs"),
  ABI("abi/1", "abi", "the whole contract"),
  FINGERPRINTS("fingerprints/1", "abi fingerprints", "fingerprints of layouts"),
  ABI_DIFF("abi-diff/1", "abi diff", "differences between two kernels' contracts");

  private final String form;
  private final String command;
  private final String content;

  Schema(String form, String command, String content) {
    this.form = form;
    this.command = command;
    this.content = content;
  }

  /** The value of the member {@code schema}: {@code kho4j/inspect/1}. */
  public String id() {
    return "kho4j/" + form;
  }

  /** The command that writes it, without {@code kho} and {@code --json}. */
  public String command() {
    return command;
  }

  /** Returns the content of a document of this form, for the table of the documentation. */
  public String content() {
    return content;
  }
}
