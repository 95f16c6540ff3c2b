#include "plan/target.h"

#include <stdlib.h>

static struct err *open_engine(const struct request *request, struct target *t)
{
    return err_state(engine_open(request->docker_host, request->cancel, &t->engine), "nothing was built or changed");
}

static struct err *find_nodes(const struct request *request, const char *workspace_cluster, struct target *t)
{
    const char *name = request->cluster ? request->cluster : workspace_cluster;
    TRY(err_state(node_cluster_find(t->engine, name, engine_call(request->cancel), &t->nodes),
                  "nothing was built or changed"));
    t->cluster = t->nodes.cluster;
    ui_tell(request->ui, &(struct ui_event){ .kind = UI_DETAIL, .elapsed_ms = -1 }, "cluster %s, %zu node%s",
            t->cluster, t->nodes.count, t->nodes.count == 1 ? "" : "s");
    return NULL;
}

/* A user who has no kubeconfig for this cluster is no worse off: the node has the administrator's. */
static struct err *config_from_node(const struct request *request, struct target *t)
{
    AUTO(buf) text = { 0 };
    AUTO_STR source = xasprintf("admin.conf of cluster %s", t->cluster);
    AUTO_STR server = kube_config_server(t->nodes.api_host, t->nodes.api_port);
    TRY(node_admin_kubeconfig(t->engine, &t->nodes, engine_call(request->cancel), &text));
    ui_tell(request->ui, &(struct ui_event){ .kind = UI_DETAIL, .elapsed_ms = -1 },
            "no kubeconfig has the context kind-%s; reading the control-plane node's own", t->cluster);
    return kube_config_parse(buf_text(&text), text.len, source, server, &t->kube_config);
}

struct err *target_prove(const struct request *request, struct target *t)
{
    AUTO_STR context = xasprintf("kind-%s", t->cluster);
    bool found = false;
    if (t->kube_config.server)
        return NULL;
    TRY(kube_config_load(request->kubeconfig, request->home, context, &found, &t->kube_config));
    if (!t->nodes.api_port) {
        TRY(node_stopped(&t->nodes.items[0]));
        struct err *e = err_new(RW4002_NODE_STOPPED, "the API server of cluster %s is not reachable", t->cluster);
        return err_cause(e, "its control-plane node publishes no port");
    }
    if (!found)
        return config_from_node(request, t);
    if (!kube_config_matches(&t->kube_config, t->nodes.api_host, t->nodes.api_port))
        return kube_config_wrong_cluster(&t->kube_config, t->cluster, t->nodes.api_host, t->nodes.api_port);
    return NULL;
}

struct err *target_open(const struct request *request, const char *workspace_cluster, struct target *out)
{
    struct target t = { 0 };
    struct err *e = open_engine(request, &t);
    if (!e && request->verbs & (VERB_PUSH | VERB_DEPLOY | VERB_IMAGES))
        e = find_nodes(request, workspace_cluster, &t);
    if (!e && request->verbs & (VERB_DEPLOY | VERB_IMAGES))
        e = err_state(target_prove(request, &t), "nothing was built, pushed or applied");
    if (e) {
        target_release(&t);
        return e;
    }
    *out = t;
    return NULL;
}

struct err *target_advise(const struct target *t, struct err *e)
{
    if (!e || err_get_next(e, 0))
        return e;
    if (err_get_code(e) == RW5102_WRONG_CLUSTER || err_get_code(e) == RW5104_CLUSTER_REFUSED)
        return err_next(e, "kind export kubeconfig --name %s", t->cluster);
    if (err_get_code(e) == RW5103_CLUSTER_UNREACHABLE)
        return err_next(e, "docker exec %s-control-plane crictl ps -a   (is the API server up?)", t->cluster);
    return e;
}

void target_release(struct target *t)
{
    kube_config_release(&t->kube_config);
    node_list_release(&t->nodes);
    engine_free(t->engine);
    free(t->registry);
    *t = (struct target){ 0 };
}
