#!/bin/sh
# Runs the C peers named in PEERS (all by default), then the JMH benchmarks that match the arguments.
set -eu
cd "$(dirname "$0")/.."
. tools/find-jdk.sh
mkdir -p bench/target
for source in bench/c/*.c; do
  name=$(basename "$source" .c)
  case " ${PEERS-$name} " in *" $name "*) ;; *) continue ;; esac
  cc -O3 -march=native -o "bench/target/$name" "$source"
  echo "C peer: $name"
  "bench/target/$name"
done
./mvnw -q -pl bench -am -Dmaven.test.skip -Dspotless.check.skip package \
  dependency:build-classpath -Dmdep.outputFile=target/classpath
exec "$JAVA_HOME/bin/java" -cp "bench/target/classes:$(cat bench/target/classpath)" org.openjdk.jmh.Main "$@"
