/** picocli under its own module name, so that the published jar can replace this one. */
module info.picocli {
  requires static java.sql;

  exports picocli;
}
