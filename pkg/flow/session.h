/* session: a command in a container, with our own standard streams. For pkg/flow only. */
#ifndef FLOW_SESSION_H
#define FLOW_SESSION_H

#include "base/cancel.h"
#include "kube/exec.h"

struct session {
    struct kube_client *kube;
    struct kube_exec_query query;
    const struct cancel *cancel;
    int in_fd, out_fd, err_fd;
    void (*tell)(void *ctx, const char *line); /* what one should know meanwhile */
    void *ctx;
};

/* session_run: from the start of the command to its end. On a terminal (query.tty) in_fd is raw meanwhile, and the
 * container's terminal has its size. Errors: those of kube_exec_open and kube_exec_step; RW9006_OUTPUT where out_fd
 * does not take what comes; RW9009_INTERRUPTED. */
struct err *session_run(const struct session *s, struct kube_exec_end *end) MUST_USE;

#endif
