#include "node/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"
#include "engine/container.h"
#include "engine/exec.h"

static const char cluster_label[] = "io.x-k8s.kind.cluster";
static const char role_label[] = "io.x-k8s.kind.role";
static const char api_port[] = "6443/tcp";
/* Docker Desktop publishes ports in its own way, and says so by this label, which kind obeys, too. */
static const char desktop_label[] = "desktop.docker.io/ports/6443/tcp";

void node_list_release(struct node_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->items[i].name);
        free(l->items[i].state);
    }
    free(l->items);
    free(l->cluster);
    free(l->api_host);
    *l = (struct node_list){ 0 };
}

static void list_clusters(const struct engine_container_list *all, struct strv *names)
{
    for (size_t i = 0; i < all->count; i++) {
        const char *name = engine_container_label(&all->items[i], cluster_label);
        if (name && *name && !strv_has(names, name))
            strv_add(names, name);
    }
    strv_sort(names);
}

static struct err *none_of_that_name(const char *wanted, const struct strv *names)
{
    struct err *e = err_new(RW4001_NO_CLUSTER, "there is no Kind cluster %s", wanted);
    if (names->count == 0)
        return err_next(err_cause(e, "this engine has no Kind cluster at all"), "kind create cluster --name %s",
                        wanted);
    AUTO_STR list = strv_join(names, ", ");
    const char *near = str_nearest(wanted, (const char *const *)names->items, names->count);
    if (near)
        e = err_cause(e, "did you mean %s? This engine has: %s", near, list);
    else
        e = err_cause(e, "this engine has: %s", list);
    return err_next(e, "kind create cluster --name %s", wanted);
}

static struct err *choose(const char *wanted, const struct strv *names, const char **out)
{
    if (wanted) {
        if (!strv_has(names, wanted))
            return none_of_that_name(wanted, names);
        *out = wanted;
        return NULL;
    }
    if (names->count == 0)
        return err_next(err_cause(err_new(RW4001_NO_CLUSTER, "there is no Kind cluster"), "this engine runs none"),
                        "kind create cluster");
    if (names->count > 1) {
        AUTO_STR list = strv_join(names, ", ");
        struct err *e =
            err_cause(err_new(RW4001_NO_CLUSTER, "which Kind cluster is meant?"), "this engine has: %s", list);
        return err_next(e, "name it: --cluster %s, or in rwml.yaml: cluster: %s", names->items[0], names->items[0]);
    }
    *out = names->items[0];
    return NULL;
}

static bool is_node(const char *role)
{
    return str_eq(role, "control-plane") || str_eq(role, "worker");
}

static void take_nodes(const struct engine_container_list *all, struct node_list *out)
{
    out->items = xcalloc(all->count + 1, sizeof *out->items);
    for (size_t i = 0; i < all->count; i++) {
        const struct engine_container *c = &all->items[i];
        const char *role = engine_container_label(c, role_label);
        if (!str_eq(engine_container_label(c, cluster_label), out->cluster) || !is_node(role))
            continue;
        out->items[out->count++] = (struct node){ .name = xstrdup(c->name),
                                                  .is_control_plane = str_eq(role, "control-plane"),
                                                  .running = str_eq(c->state, "running"),
                                                  .state = xstrdup(c->state) };
    }
}

static struct err *no_nodes(const char *cluster)
{
    struct err *e = err_new(RW4001_NO_CLUSTER, "the Kind cluster %s has no nodes left", cluster);
    e = err_cause(e, "of its containers only the load balancer is there");
    return err_next(e, "kind delete cluster --name %s && kind create cluster --name %s", cluster, cluster);
}

/* The load balancer if there are several control planes, else the control plane. */
static const struct engine_container *api_container(const struct engine_container_list *all, const char *cluster)
{
    const struct engine_container *found = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const struct engine_container *c = &all->items[i];
        const char *role = engine_container_label(c, role_label);
        if (!str_eq(engine_container_label(c, cluster_label), cluster))
            continue;
        if (str_eq(role, "external-load-balancer"))
            return c;
        if (!found && str_eq(role, "control-plane"))
            found = c;
    }
    return found;
}

/* "127.0.0.1:6443" */
static bool split_address(const char *text, struct node_list *out)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    int64_t port;
    if (!colon || !num_i64(colon + 1, 1, 65535, &port))
        return false;
    out->api_host = xstrndup(text, (size_t)(colon - text));
    out->api_port = (int)port;
    return true;
}

static struct err *gone(const char *cluster, const char *container)
{
    struct err *e = err_new(RW4001_NO_CLUSTER, "the Kind cluster %s has gone", cluster);
    e = err_cause(e, "its container %s was removed just now", container);
    return err_state(err_next(e, "kind create cluster --name %s", cluster), "nothing was changed");
}

static struct err *find_api(struct engine *e, const struct engine_container_list *all, struct net_wait wait,
                            struct node_list *out)
{
    const struct engine_container *c = api_container(all, out->cluster);
    if (!c || split_address(engine_container_label(c, desktop_label), out))
        return NULL;
    AUTO_STR host = NULL;
    TRY(engine_container_port(e, c->id, api_port, wait, &host, &out->api_port));
    if (!host)
        return gone(out->cluster, c->name);
    if (out->api_port > 0)
        out->api_host = STEAL(&host);
    return NULL;
}

struct err *node_cluster_names(struct engine *e, struct net_wait wait, struct strv *out)
{
    AUTO(engine_container_list) all = { 0 };
    TRY(engine_container_list(e, cluster_label, wait, &all));
    list_clusters(&all, out);
    return NULL;
}

struct err *node_cluster_find(struct engine *e, const char *name, struct net_wait wait, struct node_list *out)
{
    AUTO(engine_container_list) all = { 0 };
    AUTO(strv) names = { 0 };
    AUTO(node_list) list = { 0 };
    const char *chosen = NULL;
    TRY(engine_container_list(e, cluster_label, wait, &all));
    list_clusters(&all, &names);
    TRY(err_state(choose(name, &names, &chosen), "nothing was changed"));
    list.cluster = xstrdup(chosen);
    take_nodes(&all, &list);
    if (list.count == 0)
        return err_state(no_nodes(chosen), "nothing was changed");
    TRY(find_api(e, &all, wait, &list));
    *out = list;
    list = (struct node_list){ 0 };
    return NULL;
}

/* state NULL: there is no such container. One that is being removed is as good as gone, and cannot be started. */
static struct err *not_running(const char *node_name, const char *state)
{
    struct err *e = err_new(RW4002_NODE_STOPPED, "node %s is not running", node_name);
    state = str_eq(state, "removing") ? NULL : state;
    e = err_cause(e, "its container is %s", state ? state : "gone");
    bool paused = str_eq(state, "paused"); /* docker start refuses those */
    return state ? err_next(e, "docker %s %s", paused ? "unpause" : "start", node_name) : e;
}

struct err *node_stopped(const struct node *node)
{
    return node->running ? NULL : not_running(node->name, node->state);
}

struct err *node_stopped_meanwhile(struct engine *e, const struct node *node, const struct cancel *cancel)
{
    AUTO_STR state = NULL;
    struct net_wait wait = { clock_after(NODE_LOOKING_MS), cancel };
    struct err *untold = engine_container_state(e, node->name, wait, &state);
    if (untold || str_eq(state, "running")) {
        err_ignore(untold, "that the node says nothing is known already");
        return NULL;
    }
    return not_running(node->name, state);
}

struct err *node_admin_kubeconfig(struct engine *e, const struct node_list *nodes, struct net_wait wait,
                                  struct buf *out)
{
    static const char *const argv[] = { "cat", "/etc/kubernetes/admin.conf", NULL };
    const struct node *from = NULL;
    for (size_t i = nodes->count; i > 0; i--)
        if (nodes->items[i - 1].is_control_plane && (!from || nodes->items[i - 1].running))
            from = &nodes->items[i - 1];
    if (!from)
        return err_new(RW4002_NODE_STOPPED, "cluster %s has no control-plane node", nodes->cluster);
    TRY(err_state(node_stopped(from), "nothing was changed"));
    AUTO(engine_exec_result) result = { 0 };
    struct err *unasked = engine_exec_run(e, from->name, argv, NULL, 0, wait, &result);
    TRY(err_because(RW4003_NODE_FAILED, unasked, "node %s gives no kubeconfig", from->name));
    if (result.exit_code != 0 || result.out.len > LIMIT_CONFIG) {
        struct err *failed = err_new(RW4003_NODE_FAILED, "node %s gives no kubeconfig", from->name);
        size_t len = strcspn(buf_text(&result.err), "\n");
        failed = len ? err_cause(failed, "%.*s", (int)len, buf_text(&result.err))
                     : err_cause(failed, "exit code %d, %zu bytes", result.exit_code, result.out.len);
        return err_state(failed, "nothing was changed");
    }
    *out = result.out;
    result.out = (struct buf){ 0 };
    return NULL;
}
