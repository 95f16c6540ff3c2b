/* asks: what a pod's spec asks of its surroundings, in words for a message. For pkg/rollout only; pure. */
#ifndef ROLLOUT_ASKS_H
#define ROLLOUT_ASKS_H

#include "doc/tree.h"

/* asks_probe: of a probe of the spec: "exec /app/check --fast", "GET /health on port 8080", "TCP port 8080", "gRPC port
 * 9000"; owned; NULL for one that is not there. */
char *asks_probe(const json_t *probe) MUST_USE;

/* asks_resources: of the resources that the scheduler's words call insufficient, what the pod's containers request:
 * "cpu 2 + 500m, memory 8Gi"; owned; NULL where there is none. */
char *asks_resources(const json_t *pod, const char *words) MUST_USE;

#endif
