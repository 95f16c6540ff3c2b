/* ports: which ports of a plan's services can be forwarded, and where to. For pkg/flow only; pure.
 *
 * A port is known from a Service of the manifests whose selector chooses the pods of one of their workloads, and from
 * the containers' own `ports`. UDP and SCTP are passed over: only TCP can be forwarded.
 */
#ifndef FLOW_PORTS_H
#define FLOW_PORTS_H

#include "plan/roots.h"

/* What was written for a port: "8080", "9000:8080", ":8080". */
struct port_wish {
    int local;  /* 0: any that is free */
    int remote; /* a Service's port, or a container's */
};

/* port_wish_read: false: the text is no port at all, but a name. A number that is none of 1 to 65535 is
 * RW1020_COMMAND_LINE. */
struct err *port_wish_read(const char *text, bool *is_port, struct port_wish *out) MUST_USE;

struct port_forward {
    const char *service; /* these two: borrowed from the plan */
    const struct manifest_object *workload;
    size_t root;  /* the workload's place in roots */
    char *label;  /* "Service/web port 80", "Deployment/web port 8080" */
    int local;    /* to listen at; 0: any */
    bool is_wish; /* the local port was asked for, and no other will do */
    int port;     /* of the pod */
};

struct port_forwards {
    struct port_forward *items;
    size_t count;
};
void port_forwards_release(struct port_forwards *f);

/* ports_find: what to forward. Without wishes: every port that is known, each once; a Service's is called by its own
 * number here. With wishes, of one service: those; a port that nobody declares is the pod's. Errors: RW1019_NO_PORT
 * where nothing is known to be forwarded; RW1014_AMBIGUOUS where wishes could be of several services or workloads. */
struct err *ports_find(const struct plan *plan, const struct roots *roots, const struct port_wish *wishes,
                       size_t wish_count, struct port_forwards *out) MUST_USE;

#endif
