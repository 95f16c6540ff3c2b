#!/usr/bin/env bash
# Makes rwml-lab/registry, Debian's docker-registry (the OCI distribution registry) and nothing else, for
# the tests that push to a registry. Half a minute; nothing when it is there. Prints its name.
. "$(dirname "$0")/common.sh"

IMAGE=rwml-lab/registry:bookworm

echo "$IMAGE"
"$CHECKOUT/scripts/packages.sh" lab >&2
debian_image "$IMAGE" bookworm docker-registry,ca-certificates
