package org.kho4j.lab.guest;

/**
 * One kernel of a guest's life.
 *
 * @param parameters on its command line, besides those that every guest has
 * @param script what its init does; where another stage follows, init ends by going there
 */
public record Stage(Kernel kernel, String parameters, Script script) {

  String commandLine() {
    return "console=%s loglevel=8 panic=-1 kho=on liveupdate=on printk.devkmsg=on %s"
        .formatted(kernel.arch().console(), parameters)
        .strip();
  }
}
