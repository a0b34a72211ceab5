package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.report.SyntheticHost;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The page as a person sees it, in Chromium. */
class ReportInBrowserTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final List<String> PAGES = List.of("luo", "two", "hostile", "large");

  /** Text with less contrast to what is behind it than WCAG AA wants: 4.5. */
  private static final String LOW_CONTRAST =
      """
      (() => {
        const light = colour => {
          const [r, g, b] = colour.match(/[\\d.]+/g).map(v => v / 255)
              .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = e => {
          while (/, 0\\)$/.test(getComputedStyle(e).backgroundColor)) e = e.parentElement;
          return getComputedStyle(e).backgroundColor;
        };
        const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        let seen = 0;
        while (texts.nextNode()) {
          const e = texts.currentNode.parentElement;
          if (!texts.currentNode.data.trim() || !e.checkVisibility() || e.closest('svg')) continue;
          seen++;
          const a = light(getComputedStyle(e).color), b = light(behind(e));
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (!(ratio >= 4.5)) found.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 100));
        }
        return seen < 30 ? ['only ' + seen + ' texts'] : found;
      })()
      """;

  /** Colours of the picture that cannot be told from its ground: WCAG wants 3. */
  private static final String LOW_CONTRAST_OF_SHAPES =
      """
      (() => {
        const light = colour => {
          const [r, g, b] = colour.match(/[\\d.]+/g).map(v => v / 255)
              .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = light(getComputedStyle(document.body).backgroundColor);
        return [...document.querySelectorAll('.swatch path')].filter(e => {
          const a = light(getComputedStyle(e).stroke);
          return !((Math.max(a, ground) + 0.05) / (Math.min(a, ground) + 0.05) >= 3);
        }).map(e => e.outerHTML);
      })()
      """;

  /** What reaches over the window's side, and does not lie in an area that scrolls by itself. */
  private static final String TOO_WIDE =
      """
      [...document.body.querySelectorAll('*')]
        .filter(e => !e.closest('.scroll > *') && e.getBoundingClientRect().right > innerWidth + 0.5)
        .map(e => e.outerHTML.slice(0, 100))
        .concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : [])
      """;

  private static final String DEAD_LINKS =
      """
      [...document.querySelectorAll('a')]
        .map(a => a.getAttribute('href'))
        .filter(href => href?.[0] != '#' || !document.getElementById(href.slice(1)))
      """;

  private static final String SAME_IDS =
      """
      (() => {
        const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
        return ids.length - new Set(ids).size;
      })()
      """;

  @TempDir private static Path directory;
  private static Chromium chromium;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    assumeTrue(Chromium.program().isPresent(), "there is no Chromium");
    report("luo", Captures.small("jump-luo"));
    report("two", Captures.small("gen2-running"));
    report("hostile", HostileGuest.create(directory.resolve("ram")));
    SyntheticHost.writeReport(page("large"));
    chromium = Chromium.start(directory.resolve("profile"));
  }

  @AfterAll
  static void stop() {
    if (chromium != null) {
      chromium.close();
    }
  }

  private static Path page(String name) {
    return directory.resolve(name + ".html");
  }

  private static void report(String name, Path source) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    new Kho(pipe.console, "").run("report", source.toString(), "-o", page(name).toString());
    assertThat(page(name)).as(pipe.err()).exists();
  }

  private static void show(String name, int width, boolean dark)
      throws IOException, InterruptedException {
    chromium.show(page(name).toUri(), width, dark);
  }

  static Stream<Arguments> views() {
    return PAGES.stream()
        .flatMap(page ->
            Stream.of(400, 1600)
                .flatMap(
                    width -> Stream.of(false, true).map(dark -> Arguments.of(page, width, dark))));
  }

  @ParameterizedTest
  @MethodSource("views")
  void isReadableInEveryWindow(String page, int width, boolean dark) throws Exception {
    show(page, width, dark);
    assertThat(chromium.evaluate(TOO_WIDE)).as("wider than the window").isEmpty();
    assertThat(chromium.evaluate(LOW_CONTRAST)).as("low contrast").isEmpty();
    assertThat(chromium.evaluate(LOW_CONTRAST_OF_SHAPES)).as("pale shapes").isEmpty();
    assertThat(chromium.evaluate("matchMedia('(prefers-color-scheme: dark)').matches").asBoolean())
        .isEqualTo(dark);
    assertThat(chromium.complaints()).isEmpty();
    assertThat(chromium.loaded()).containsExactly(page(page).toUri().toString());
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everyLinkHasItsTarget(String page) throws Exception {
    show(page, 1600, false);
    assertThat(chromium.evaluate("document.links.length").asInt()).isPositive();
    assertThat(chromium.evaluate(DEAD_LINKS)).isEmpty();
    assertThat(chromium.evaluate(SAME_IDS).asInt()).isZero();
  }

  static List<String> pages() {
    return PAGES;
  }

  @ParameterizedTest
  @MethodSource("pages")
  void everySheetHasAName(String page) throws Exception {
    show(page, 1600, false);
    assertThat(chromium.evaluate("document.querySelectorAll('svg.sheet').length").asInt())
        .isPositive();
    assertThat(
            chromium.evaluate(
                "[...document.querySelectorAll('svg.sheet')].filter(e => !e.ariaLabel || !e.role).length"))
        .isEqualTo(MAPPER.valueToTree(0));
  }

  /** What the sheet of single pages shows at an address: the owner's class, and the title. */
  private static String[] at(long address) throws Exception {
    long cell = address & -0x200000L;
    int page = (int) ((address - cell) >>> 12);
    JsonNode answer =
        chromium.evaluate(
            """
            (() => {
              const svg = document.querySelector('#h0p%x svg');
              const x = %d + 0.5, y = %d + 0.5;
              const style = [...svg.querySelectorAll('.by-owner path')]
                  .filter(e => e.isPointInStroke(new DOMPoint(x, y - 0.5))).map(e => e.className.baseVal);
              const title = [...svg.querySelectorAll('.hit')]
                  .filter(e => e.isPointInFill(new DOMPoint(x, y))).map(e => e.textContent);
              return [style.join(), title.join()];
            })()
            """
                .formatted(cell, page % 64, page / 64));
    return new String[] {answer.path(0).asString(), answer.path(1).asString()};
  }

  @Test
  void shapesAreWhereTheFactsSay() throws Exception {
    show("luo", 1600, false);
    JsonNode facts = MAPPER.readTree(Files.readString(Captures.facts(Captures.small("jump-luo"))));
    JsonNode handover = facts.path("handovers").path(0);
    assertThat(at(handover.path("fdt").asLong())[0]).isEqualTo("o-fdt");
    assertThat(at(handover.path("fdt").asLong())[1]).endsWith(": root FDT");
    assertThat(at(handover.path("memory_map").asLong())[0]).isEqualTo("o-map");
    for (JsonNode subtree : handover.path("subtrees")) {
      String[] blob = at(subtree.path("data").asLong());
      assertThat(blob[0]).isEqualTo("o-fdt");
      assertThat(blob[1]).endsWith(": /" + subtree.path("name").asString());
      for (JsonNode reservation : subtree.path("reserve_mem")) {
        long start = reservation.path("start").asLong();
        long end = start + reservation.path("size").asLong();
        assertThat(at(start - 4096)[0]).isEmpty();
        assertThat(at(start)[0]).isEqualTo("o-reservation");
        assertThat(at(end - 4096)[0]).isEqualTo("o-reservation");
      }
      for (JsonNode session : subtree.path("luo").path("sessions")) {
        for (JsonNode file : session.path("files")) {
          assertThat(at(file.path("folios").path("first").asLong())[0]).isEqualTo("o-list");
          assertThat(at(file.path("folios").path("first").asLong())[1])
              .contains(session.path("name").asString());
        }
      }
    }
  }

  @Test
  void coloursChangeWithoutAScript() throws Exception {
    chromium.send("Emulation.setScriptExecutionDisabled", Map.of("value", true));
    try {
      show("luo", 1600, false);
      byte[] owners = chromium.screenshot(1600, 1400);
      JsonNode box =
          chromium.evaluate(
              "(() => { const r = document.querySelector('.lens-size').getBoundingClientRect();"
                  + " return [r.x + r.width / 2, r.y + r.height / 2]; })()");
      for (String type : List.of("mousePressed", "mouseReleased")) {
        chromium.send(
            "Input.dispatchMouseEvent",
            Map.of(
                "type",
                type,
                "x",
                box.path(0).asDouble(),
                "y",
                box.path(1).asDouble(),
                "button",
                "left",
                "clickCount",
                1));
      }
      assertThat(
              chromium
                  .evaluate("getComputedStyle(document.querySelector('.sheet .by-size')).display")
                  .asString())
          .isEqualTo("inline");
      assertThat(chromium.screenshot(1600, 1400)).isNotEqualTo(owners);
    } finally {
      chromium.send("Emulation.setScriptExecutionDisabled", Map.of("value", false));
    }
  }

  @Test
  void oneGigabyteOfManyIsShownAtATime() throws Exception {
    show("large", 1600, false);
    String shown =
        "[...document.querySelectorAll('.panel')].filter(e => e.checkVisibility()).map(e => e.id)";
    assertThat(chromium.evaluate(shown)).isEqualTo(MAPPER.valueToTree(List.of("h0g0")));
    chromium.evaluate(
        "document.querySelector('a[href=\"#h0g200\"]').dispatchEvent(new MouseEvent('click'))");
    assertThat(chromium.evaluate(shown)).isEqualTo(MAPPER.valueToTree(List.of("h0g200")));
    chromium.evaluate("location.hash = document.querySelector('#h0g1023 .pages').id");
    assertThat(chromium.evaluate(shown)).isEqualTo(MAPPER.valueToTree(List.of("h0g1023")));
    assertThat(
            chromium
                .evaluate(
                    "document.querySelector(':target').getBoundingClientRect().top < innerHeight")
                .asBoolean())
        .isTrue();
  }

  @Test
  void oneClickSelectsAnAddress() throws Exception {
    show("luo", 1600, false);
    assertThat(
            chromium
                .evaluate(
                    "[...document.querySelectorAll('.a')].filter(e => getComputedStyle(e).userSelect != 'all').length")
                .asInt())
        .isZero();
  }
}
