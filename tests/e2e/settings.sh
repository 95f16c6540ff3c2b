# shellcheck shell=bash disable=SC2034 # the variables are for those who source this
# What everything here shares: names and places. Source it; it defines variables and functions only.
#
# Whatever the tests make can be told by its name: images and namespaces begin with e2e, images
# carry the label rwml.e2e, containers are called rwml-test-….
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

E2E=$CHECKOUT/tests/e2e
KEPT=$CHECKOUT/build/e2e # from run to run: kubeconfig, uv.lock, the small service's program
# Set by tests/e2e/engines: an engine of the lab is tested, at DOCKER_HOST. Its nodes are no Kubernetes.
LAB_ENGINE=${RWML_TEST_ENGINE:-}
# Set by tests/e2e/run for cases/apart-*.sh: the cluster is a second one, without workers and without Kafka.
APART=${RWML_TEST_APART:-}
CLUSTER=rwml-test-${LAB_ENGINE:+engine-}${LAB_ENGINE:-${APART:-e2e}}
STANDALONE=rwml-test-alone # nodes without a cluster around them, see standalone.sh
LOCK=/var/tmp/rwml-test-e2e.lock # see take_lock
KAFKA_NAME=mq
KAFKA_NAMESPACE=streaming
BROKER=$KAFKA_NAME-kafka-bootstrap.$KAFKA_NAMESPACE.svc.cluster.local:9092
IMAGE_LABEL=rwml.e2e
KUBECONFIG=$KEPT/kubeconfig${APART:+-$APART}
export KUBECONFIG
# On machines without public images the base is there already, made by tests/lab.
PYTHON_IMAGE=python:3.12-slim-bookworm

RWML=${RWML:-$CHECKOUT/build/rwml}             # what is tested
RWML_FAULTY=${RWML_FAULTY:-$CHECKOUT/build/fault/rwml} # the same with fault points

kube() { kubectl --context "kind-$CLUSTER" "$@"; }

nodes() { nodes_of "$CLUSTER"; } # those of the tests' cluster
