package org.kho4j.cli.abi.reference;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Wraps the long lines of a page's prose at 100 columns, and leaves tables and code unchanged. */
final class WrappedProse {

  private static final int COLUMNS = 100;
  private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```$");
  private static final Pattern LONG_LINE = Pattern.compile("(?m)^(?![|#<]| {4}).{101,}$");
  private static final Pattern ITEM = Pattern.compile("( *(?:- |\\d+\\. )?).*", Pattern.DOTALL);

  /** A word, or a span of code with its blanks; with what would begin a list at a line's start. */
  private static final Pattern WORD =
      Pattern.compile("(?:`[^`]*`|\\S)+(?: (?:[-+*#]|\\d+\\.)(?= ))*");

  private WrappedProse() {}

  static String of(String page) {
    StringBuilder wrapped = new StringBuilder();
    Matcher fenced = FENCED.matcher(page);
    int start = 0;
    while (fenced.find()) {
      wrapped.append(prose(page.substring(start, fenced.start()))).append(fenced.group());
      start = fenced.end();
    }
    return wrapped.append(prose(page.substring(start))).toString();
  }

  private static String prose(String text) {
    return LONG_LINE.matcher(text).replaceAll(line -> Matcher.quoteReplacement(wrap(line.group())));
  }

  private static String wrap(String line) {
    Matcher item = ITEM.matcher(line);
    String indent = item.matches() ? " ".repeat(item.group(1).length()) : "";
    List<String> words =
        WORD.matcher(line.substring(indent.length())).results().map(MatchResult::group).toList();
    StringBuilder lines = new StringBuilder(line.substring(0, indent.length()));
    int column = indent.length();
    for (String word : words) {
      boolean first = column == indent.length();
      if (!first && column + 1 + word.length() > COLUMNS) {
        lines.append('\n').append(indent);
        column = indent.length();
        first = true;
      }
      lines.append(first ? "" : " ").append(word);
      column += word.length() + (first ? 0 : 1);
    }
    return lines.toString();
  }
}
