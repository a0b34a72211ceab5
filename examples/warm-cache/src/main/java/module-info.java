/** An HTTP service whose entries survive restarts, crashes and kexecs. */
module org.kho4j.example.warmcache {
  requires jdk.httpserver;
  requires org.kho4j.warm;
}
