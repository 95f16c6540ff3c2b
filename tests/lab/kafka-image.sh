#!/usr/bin/env bash
# Makes the image rwml-lab/kafka: Apache Kafka from Maven Central on Debian's JRE, configured
# like the public apache/kafka image. About a minute; nothing when it is there.
. "$(dirname "$0")/common.sh"

JAVA_IMAGE=rwml-lab/java:trixie
JAVA_PACKAGES=openjdk-21-jre-headless,ca-certificates
LIBS=$LAB_CACHE/kafka-$KAFKA_VERSION-$(inputs_hash "$LAB_DIR/kafka/pom.xml")

libraries() { # the broker and what it needs, verified by Maven against the published sums
    [ ! -d "$LIBS" ] || return 0
    local work
    work=$(mktemp -d "$LAB_CACHE/kafka.XXXXXX")
    command -v mvn >/dev/null || "$CHECKOUT/scripts/packages.sh" maven
    cp "$LAB_DIR/kafka/pom.xml" "$work/"
    mvn -f "$work/pom.xml" --quiet --batch-mode --strict-checksums -Dkafka.version="$KAFKA_VERSION" \
        dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/libs" >&2
    mv "$work/libs" "$LIBS"
    rm -r "$work"
}

prepare_cache
INPUTS=$(inputs_hash "$LAB_DIR/kafka" "$LAB_DIR/kafka-image.sh")
image_is_current "$KAFKA_IMAGE" "$INPUTS" && exit 0
libraries
debian_image "$JAVA_IMAGE" trixie "$JAVA_PACKAGES"
WORK=$(mktemp -d "$LAB_CACHE/kafka-image.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cp -r "$LAB_DIR/kafka/." "$WORK/"
cp -r "$LIBS" "$WORK/libs"
build_image "$KAFKA_IMAGE" "$WORK" --label "$INPUTS_LABEL=$INPUTS"
