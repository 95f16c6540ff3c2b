#include "node/failure.h"

#include <string.h>

#include "base/clock.h"
#include "engine/exec.h"

enum { SHOWN_BYTES = 400, FREE_SPACE_MS = 5000 };

/* "11G of 40G", by df; for people. */
static char *free_space(struct engine *e, const struct node *node)
{
    static const char *const argv[] = { "sh", "-c",
                                        "df -Ph /var/lib/containerd | tail -n 1 | { read a b c d e; echo $d of $b; }",
                                        NULL };
    AUTO(engine_exec_result) result = { 0 };
    struct net_wait wait = { .deadline_ms = clock_after(FREE_SPACE_MS) };
    struct err *failed = engine_exec_run(e, node->name, argv, NULL, 0, wait, &result);
    if (failed) {
        err_ignore(failed, "that the node is full is known already");
        return xstrdup("nobody knows how many bytes");
    }
    return xstrndup(buf_text(&result.out), strcspn(buf_text(&result.out), "\n"));
}

/* The last SHOWN_BYTES of a program's words, without the newline at their end. */
static char *shown(const char *says)
{
    size_t len = strlen(says);
    while (len > 0 && says[len - 1] == '\n')
        len--;
    size_t from = len > SHOWN_BYTES ? len - SHOWN_BYTES : 0;
    char *text = xstrndup(says + from, len - from);
    for (char *at = text; (at = strchr(at, '\n')) != NULL;)
        *at = ' ';
    return text;
}

struct err *node_lost(struct engine *e, const struct node *node, const struct cancel *cancel, struct err *inner_steal)
{
    struct err *stopped = node_stopped_meanwhile(e, node, cancel);
    if (!stopped)
        return inner_steal;
    err_ignore(inner_steal, "it follows from that");
    return stopped;
}

struct err *node_failure(struct engine *e, const struct node *node, const char *what, const char *says)
{
    AUTO_STR words = shown(says);
    if (strstr(says, "no space left on device")) {
        AUTO_STR left = free_space(e, node);
        struct err *full = err_new(RW4004_NODE_FULL, "node %s has no space for the image", node->name);
        full = err_cause(full, "without this image %s are free in /var/lib/containerd: %s", left, words);
        return err_next(full, "docker exec %s crictl rmi --prune", node->name);
    }
    struct err *failed = err_new(RW4003_NODE_FAILED, "node %s cannot %s", node->name, what);
    return *words ? err_cause(failed, "%s", words)
                  : node_lost(e, node, NULL, err_cause(failed, "it said nothing about why"));
}

static char *causes_of(const struct err *chain)
{
    AUTO(strv) lines = { 0 };
    for (const struct err *each = chain; each; each = err_sibling(each))
        strv_addf(&lines, "%s: %s", err_get_message(each), err_get_cause(each) ? err_get_cause(each) : "no cause told");
    return strv_join(&lines, "; ");
}

struct err *node_partial(struct err *chain_steal, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR message = xvasprintf(fmt, ap);
    va_end(ap);
    AUTO_STR causes = causes_of(chain_steal);
    struct err *e = err_cause(err_new(RW4005_NODES_PARTIAL, "%s", message), "%s", causes);
    for (size_t i = 0; i < 2 && err_get_next(chain_steal, i); i++)
        e = err_next(e, "%s", err_get_next(chain_steal, i));
    err_free(chain_steal);
    return e;
}

bool node_is_given_up(const struct err *e)
{
    return err_get_code(e) == RW9009_INTERRUPTED || err_get_code(e) == RW9007_DEADLINE;
}
