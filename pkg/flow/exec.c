#include <signal.h>
#include <unistd.h>

#include "flow/find_pod.h"
#include "flow/flow.h"
#include "flow/session.h"
#include "plan/target.h"
#include "plan/tell.h"

static const char STAGE[] = "exec";

/* bash where there is one. */
static void add_shell(struct strv *command)
{
    strv_add(command, "/bin/sh");
    strv_add(command, "-c");
    strv_add(command, "if command -v bash >/dev/null 2>&1; then exec bash; fi; exec /bin/sh");
}

static void tell(void *ctx, const char *line)
{
    request_tell(ctx, UI_WARNING, STAGE, "%s", line);
}

static struct err *not_started(const struct session *s, const struct kube_exec_end *end, const struct flow_exec *how)
{
    const char *command = s->query.command->items[0];
    struct err *e =
        err_new(RW6402_COMMAND_CANNOT_START, "%s can't be started in %s/%s", command, s->query.pod, s->query.container);
    e = err_cause(e, "%s", end->words ? end->words : "the server does not say why");
    if (end->code)
        *how->exit_code = end->code;
    return how->command->count == 0
               ? err_next(e, "rwml exec %s -- PROGRAM   (an image without a shell has other programs)", how->service)
               : e;
}

/* Is the pod, known by its uid, gone or about to go? */
static struct err *is_leaving(const struct session *s, const char *uid, bool *out)
{
    DOC_AUTO pod = NULL;
    TRY(kube_get(s->kube, (struct kube_id){ "v1", "Pod", s->query.namespace, s->query.pod }, &pod));
    *out = !pod || !str_eq(doc_text(pod, "/metadata/uid"), uid) || doc_get(pod, "/metadata/deletionTimestamp");
    return NULL;
}

/* Streams that end without a word, or a broken connection: the pod went, or something between us and it. */
static struct err *lost(const struct session *s, const char *uid, const char *service, struct err *why)
{
    bool leaving = false;
    err_ignore(is_leaving(s, uid, &leaving), "then it is told as what it looks like");
    struct err *e = leaving ? err_new(RW6403_POD_GONE, "pod %s went away while the command ran", s->query.pod)
                            : err_new(RW6404_SESSION_LOST, "the connection to the command in %s is lost", s->query.pod);
    AUTO_STR words = why ? err_words(why) : xstrdup("its streams ended, and nobody told how the command did");
    err_ignore(why, "told as the cause");
    e = err_state(err_cause(e, "%s", words),
                  leaving ? "the command has ended with its container" : "the command may go on in the container");
    return err_next(e, leaving ? "rwml exec %s   (in the pod that took its place)" : "rwml status %s", service);
}

static bool is_connection(const struct err *e)
{
    return err_get_code(e) == RW5103_CLUSTER_UNREACHABLE;
}

/* It ran when our own side stopped. */
static bool is_of_ours(const struct err *e)
{
    enum err_code code = err_get_code(e);
    return code == RW9009_INTERRUPTED || code == RW9006_OUTPUT || code == RW9001_FILE;
}

/* 137 and 143 are also what a program gives that was not killed by the pod's end. */
static struct err *ended(const struct request *request, const struct session *s, const char *uid,
                         const struct flow_exec *how, const struct kube_exec_end *end)
{
    bool leaving = false;
    *how->exit_code = end->code;
    if (end->code != 128 + SIGKILL && end->code != 128 + SIGTERM)
        return NULL;
    err_ignore(is_leaving(s, uid, &leaving), "the exit code says all that is sure");
    if (leaving)
        request_tell(request, UI_WARNING, STAGE, "pod %s went away while the command ran", s->query.pod);
    return NULL;
}

static struct err *run(const struct request *request, const struct session *s, const char *uid,
                       const struct flow_exec *how)
{
    AUTO(kube_exec_end) end = { 0 };
    struct err *e = session_run(s, &end);
    if (e && is_connection(e))
        return lost(s, uid, how->service, e);
    if (e && is_of_ours(e))
        return err_state(e, "the command may go on in the container");
    if (e && err_get_code(e) == RW6403_POD_GONE)
        e = err_next(e, "rwml exec %s   (in the pod that took its place)", how->service);
    TRY(e);
    switch (end.outcome) {
    case KUBE_EXEC_EXITED:
        return ended(request, s, uid, how, &end);
    case KUBE_EXEC_NOT_STARTED:
        return not_started(s, &end, how);
    case KUBE_EXEC_RUNS:
    case KUBE_EXEC_LOST:
        break;
    }
    return lost(s, uid, how->service, NULL);
}

static struct err *run_in(const struct request *request, struct kube_client *kube, const json_t *pod,
                          const struct flow_exec *how)
{
    AUTO(strv) command = { 0 };
    const char *container;
    TRY(find_container(pod, how->container, &container));
    if (!how->container && doc_count(doc_get(pod, "/spec/containers")) > 1)
        request_tell(request, UI_NOTE, STAGE, "in container %s; another one: -c NAME", container);
    for (size_t i = 0; i < how->command->count; i++)
        strv_add(&command, how->command->items[i]);
    if (command.count == 0)
        add_shell(&command);
    const struct session s = {
        .kube = kube,
        .query = { .namespace = doc_text(pod, "/metadata/namespace"),
                   .pod = doc_text(pod, "/metadata/name"),
                   .container = container,
                   .command = &command,
                   .input = how->input,
                   .tty = how->tty },
        .cancel = request->cancel,
        .in_fd = STDIN_FILENO,
        .out_fd = STDOUT_FILENO,
        .err_fd = STDERR_FILENO,
        .tell = tell,
        .ctx = (void *)(uintptr_t)request,
    };
    request_tell(request, UI_DETAIL, STAGE, "pod %s/%s, container %s", s.query.namespace, s.query.pod, container);
    return run(request, &s, doc_text(pod, "/metadata/uid"), how);
}

static struct err *exec_in(const struct request *request, const struct plan *plan, const struct target *target,
                           struct flow_exec *how)
{
    AUTO(live) live = { 0 };
    AUTO_PTR(kube_client) kube = NULL;
    const json_t *pod;
    how->service = plan->items[0].service->name;
    if (plan->count != 1)
        return err_next(err_new(RW1020_COMMAND_LINE, "rwml exec needs the name of one service"), "rwml help exec");
    TRY(kube_open(&target->kube_config, request->cancel, &kube));
    TRY(live_read(kube, plan, &live));
    TRY(find_pod(&live, how->service, &pod));
    return run_in(request, kube, pod, how);
}

struct err *flow_exec(const struct request *request, struct flow_exec *how)
{
    struct plan plan = { 0 };
    struct target target = { 0 };
    struct err *e = plan_make(request, &plan);
    if (!e)
        e = target_open_proved(request, plan.workspace, &target);
    if (!e)
        e = target_advise(&target, exec_in(request, &plan, &target, how));
    target_release(&target);
    plan_release(&plan);
    return err_state(e, "nothing was run");
}
