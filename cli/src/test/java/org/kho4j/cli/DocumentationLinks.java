package org.kho4j.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.Heading;
import org.commonmark.node.HtmlBlock;
import org.commonmark.node.HtmlInline;
import org.commonmark.node.Image;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;

/** Relative links of Markdown pages that lead nowhere: no such file, or no such heading in it. */
final class DocumentationLinks {

  private static final Pattern ATTRIBUTE = Pattern.compile("(?:href|src)=\"([^\"]+)\"");

  private final Map<Path, Page> pages = new HashMap<>();

  /** Dead links of a page, as sentences with the page's path. */
  List<String> dead(Path file) throws IOException {
    List<String> dead = new ArrayList<>();
    for (String link : page(file.normalize()).links) {
      URI uri = URI.create(link);
      if (uri.isAbsolute()) {
        continue;
      }
      String path = uri.getPath();
      Path target = path.isEmpty() ? file : file.resolveSibling(path);
      String anchor = uri.getFragment();
      if (!Files.exists(target)) {
        dead.add(file + ": " + link + ": no such file");
      } else if (anchor != null && !page(target.normalize()).anchors.contains(anchor)) {
        dead.add(file + ": " + link + ": no such heading");
      }
    }
    return dead;
  }

  private Page page(Path file) throws IOException {
    Page page = pages.get(file);
    if (page == null) {
      page = new Page();
      Parser.builder().build().parse(Files.readString(file)).accept(page);
      pages.put(file, page);
    }
    return page;
  }

  private static final class Page extends AbstractVisitor {

    final List<String> links = new ArrayList<>();
    final Set<String> anchors = new HashSet<>();

    @Override
    public void visit(Link link) {
      links.add(link.getDestination());
      visitChildren(link);
    }

    @Override
    public void visit(Image image) {
      links.add(image.getDestination());
    }

    @Override
    public void visit(HtmlInline html) {
      addAttributes(html.getLiteral());
    }

    @Override
    public void visit(HtmlBlock html) {
      addAttributes(html.getLiteral());
    }

    @Override
    public void visit(Heading heading) {
      String anchor = anchor(text(heading));
      String unique = anchor;
      for (int n = 1; !anchors.add(unique); n++) {
        unique = anchor + "-" + n;
      }
      visitChildren(heading);
    }

    private void addAttributes(String html) {
      Matcher matcher = ATTRIBUTE.matcher(html);
      while (matcher.find()) {
        links.add(matcher.group(1));
      }
    }
  }

  /** As GitHub makes it, and the documentation site: words of small letters with hyphens. */
  private static String anchor(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}_ -]", "").replace(' ', '-');
  }

  private static String text(Node parent) {
    StringBuilder text = new StringBuilder();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNext()) {
      text.append(
          switch (node) {
            case Text words -> words.getLiteral();
            case Code code -> code.getLiteral();
            default -> text(node);
          });
    }
    return text.toString();
  }
}
