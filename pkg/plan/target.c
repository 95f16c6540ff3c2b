#include "plan/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "plan/tell.h"
#include "plan/user_config.h"

static struct err *open_engine(const struct request *request, struct target *t)
{
    return err_state(engine_open(request->docker_host, request->cancel, &t->engine), "nothing was built or changed");
}

static void tell_nodes(const struct request *request, struct target *t)
{
    t->cluster = t->nodes.cluster;
    request_tell(request, UI_DETAIL, NULL, "cluster %s, %zu node%s", t->cluster, t->nodes.count,
                 t->nodes.count == 1 ? "" : "s");
}

static struct err *find_nodes(const struct request *request, const struct workspace *workspace, struct target *t)
{
    const char *name = request->cluster ? request->cluster : workspace->cluster;
    TRY(err_state(node_cluster_find(t->engine, name, engine_call(request->cancel), &t->nodes),
                  "nothing was built or changed"));
    tell_nodes(request, t);
    return NULL;
}

/* ---------------------------------------------------------------- logging in */

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* A kubeconfig that lies in a repository could have its own programs run. */
static struct err *check_plugin(const struct kube_config *c, const struct workspace *workspace)
{
    const char *path = kube_config_plugin_path(c);
    AUTO_STR real = NULL;
    struct err *e = path ? fs_real_path(path, &real) : NULL;
    err_ignore(e, "that it is not there is told when it is to be run");
    if (!real || !is_below(real, workspace->root))
        return NULL;
    e = err_new(RW5106_CREDENTIAL_PLUGIN, "refusing to run a credential plugin of this workspace");
    e = err_cause(e, "the kubeconfig names %s by a relative path", path);
    e = err_state(err_at(e, "%s", c->source), "the cluster was not contacted");
    return err_next(e, "name it by its absolute path in the kubeconfig, if it is yours");
}

/* Here and not in each client, so that services side by side don't all run a plugin. */
static struct err *log_in(const struct request *request, const struct workspace *workspace, struct target *t)
{
    bool renewed;
    TRY(check_plugin(&t->kube_config, workspace));
    if (t->kube_config.insecure)
        request_tell(request, UI_WARNING, NULL, "context %s does not check whose certificate the API server has",
                     t->kube_config.context);
    return err_state(kube_config_log_in(&t->kube_config, request->cancel, &renewed), "the cluster was not contacted");
}

/* ---------------------------------------------------------------- a Kind cluster */

/* A user who has no kubeconfig for this cluster is no worse off: the node has the administrator's. */
static struct err *config_from_node(const struct request *request, const char *context, struct target *t)
{
    AUTO(buf) text = { 0 };
    AUTO_STR source = xasprintf("admin.conf of cluster %s", t->cluster);
    AUTO_STR server = kube_config_server(t->nodes.api_host, t->nodes.api_port);
    TRY(node_admin_kubeconfig(t->engine, &t->nodes, engine_call(request->cancel), &text));
    request_tell(request, UI_DETAIL, NULL, "no kubeconfig has the context %s; reading the control-plane node's own",
                 context);
    return kube_config_parse(buf_text(&text), text.len, source, server, &t->kube_config);
}

struct err *target_prove(const struct request *request, const struct workspace *workspace, struct target *t)
{
    bool found = false;
    if (t->kube_config.server)
        return NULL;
    AUTO_STR context = !request->cluster && workspace->config.context ? xstrdup(workspace->config.context)
                                                                      : xasprintf("kind-%s", t->cluster);
    TRY(kube_config_load(request->kubeconfig, request->home, context, &found, &t->kube_config));
    if (!t->nodes.api_port) {
        TRY(node_stopped(&t->nodes.items[0]));
        struct err *e = err_new(RW4002_NODE_STOPPED, "the API server of cluster %s is not reachable", t->cluster);
        return err_cause(e, "its control-plane node publishes no port");
    }
    if (!found)
        return config_from_node(request, context, t);
    if (!kube_config_matches(&t->kube_config, t->nodes.api_host, t->nodes.api_port))
        return kube_config_wrong_cluster(&t->kube_config, t->cluster, t->nodes.api_host, t->nodes.api_port);
    return log_in(request, workspace, t);
}

/* ---------------------------------------------------------------- a context that the user named */

static struct err *find_named(const struct request *request, struct user_config *out)
{
    if (request->context)
        *out = (struct user_config){ xstrdup(request->context), xstrdup("--context") };
    return request->context || request->cluster ? NULL : user_config_load(request->config_dir, out);
}

struct err *target_namespace(const struct request *request, char **out)
{
    AUTO(user_config) named = { 0 };
    AUTO(kube_config) config = { 0 };
    bool found;
    TRY(find_named(request, &named));
    if (named.context)
        TRY(kube_config_load(request->kubeconfig, request->home, named.context, &found, &config));
    *out = STEAL(&config.namespace);
    return NULL;
}

static struct err *no_such_context(const struct request *request, const struct user_config *named)
{
    AUTO(strv) names = { 0 };
    const char *context = named->context;
    struct err *e = err_new(RW5101_KUBECONFIG, "no kubeconfig has the context %s", context);
    err_ignore(kube_config_contexts(request->kubeconfig, request->home, &names), "they are only a suggestion");
    AUTO_STR list = strv_join(&names, ", ");
    const char *near = str_nearest(context, (const char *const *)names.items, names.count);
    if (near)
        e = err_cause(e, "did you mean %s? There are: %s", near, list);
    else
        e = err_cause(e, names.count ? "there are: %s" : "there is no context at all%s", list);
    return err_state(err_at(e, "%s", named->where), "nothing was built, pushed or applied");
}

/* Nothing where it has been deleted since it was listed: other clusters come and go. */
static struct err *look_at_cluster(const struct request *request, const struct target *t, const char *name,
                                   struct node_list *out)
{
    struct err *e = node_cluster_find(t->engine, name, engine_call(request->cancel), out);
    if (!e || err_get_code(e) != RW4001_NO_CLUSTER)
        return e;
    err_ignore(e, "it is not the one that the config leads to any more");
    return NULL;
}

/* The Kind cluster of this engine that the config leads to, if there is one. */
static struct err *find_kind_cluster(const struct request *request, struct target *t)
{
    AUTO(strv) names = { 0 };
    TRY(node_cluster_names(t->engine, engine_call(request->cancel), &names));
    for (size_t i = 0; i < names.count; i++) {
        AUTO(node_list) nodes = { 0 };
        TRY(look_at_cluster(request, t, names.items[i], &nodes));
        if (!nodes.api_port || !kube_config_matches(&t->kube_config, nodes.api_host, nodes.api_port))
            continue;
        t->nodes = nodes;
        nodes = (struct node_list){ 0 };
        tell_nodes(request, t);
        return NULL;
    }
    return NULL;
}

static struct err *needs_nodes(const struct request *request, const struct target *t)
{
    struct err *e = err_new(RW5102_WRONG_CLUSTER, "context %s is no Kind cluster of this engine", t->cluster);
    if (request->verbs & VERB_IMAGES) {
        e = err_cause(e, "only the nodes of one can be asked for their images; this is %s", t->kube_config.server);
        return err_state(e, "nothing was changed");
    }
    e = err_cause(e, "images are brought to nodes of Kind clusters only; this is %s", t->kube_config.server);
    e = err_state(e, "nothing was built, pushed or applied");
    e = err_next(e, "docker push IMAGE   (each of its images, to a registry that its nodes can pull from)");
    return err_next(e, "rwml deploy --context %s   (applies the manifests as they are)", t->cluster);
}

static void tell_foreign(const struct request *request, const struct target *t)
{
    request_tell(request, UI_NOTE, NULL, "context %s leads to %s, which is no Kind cluster of this engine", t->cluster,
                 t->kube_config.server);
}

/* An engine that is out of reach publishes nothing that could be meant. */
static struct err *open_named(const struct request *request, const struct workspace *workspace,
                              const struct user_config *named, struct target *t)
{
    bool found = false, need_nodes = request->verbs & (VERB_PUSH | VERB_IMAGES);
    TRY(kube_config_load(request->kubeconfig, request->home, named->context, &found, &t->kube_config));
    if (!found)
        return no_such_context(request, named);
    struct err *e = open_engine(request, t);
    if (e && (need_nodes || err_get_code(e) == RW9009_INTERRUPTED))
        return e;
    err_ignore(e, "nobody needs the engine for this cluster");
    if (t->engine)
        TRY(err_state(find_kind_cluster(request, t), "nothing was built, pushed or applied"));
    if (!t->cluster) {
        t->foreign = true;
        t->cluster = t->kube_config.context;
        if (need_nodes)
            return needs_nodes(request, t);
        tell_foreign(request, t);
    }
    return log_in(request, workspace, t);
}

/* ---------------------------------------------------------------- either */

static struct err *open_kind(const struct request *request, const struct workspace *workspace, struct target *t)
{
    TRY(open_engine(request, t));
    if (request->verbs & ~(unsigned)VERB_BUILD)
        TRY(find_nodes(request, workspace, t));
    /* The others do it themselves. */
    if (request->verbs & (VERB_DEPLOY | VERB_IMAGES | VERB_ENVIRONMENT | VERB_APPLIED))
        TRY(err_state(target_prove(request, workspace, t), "nothing was built, pushed or applied"));
    return NULL;
}

static struct err *open_either(const struct request *request, const struct workspace *workspace, struct target *t)
{
    AUTO(user_config) named = { 0 };
    if (request->verbs != VERB_BUILD)
        TRY(err_state(find_named(request, &named), "nothing was contacted"));
    return named.context ? open_named(request, workspace, &named, t) : open_kind(request, workspace, t);
}

struct err *target_open(const struct request *request, const struct workspace *workspace, struct target *out)
{
    struct target t = { 0 };
    struct err *e = open_either(request, workspace, &t);
    if (e) {
        target_release(&t);
        return e;
    }
    *out = t;
    return NULL;
}

struct err *target_open_proved(const struct request *request, const struct workspace *workspace, struct target *out)
{
    TRY(target_open(request, workspace, out));
    return target_prove(request, workspace, out);
}

/* The server's words name the one that is missing. */
static struct err *advise_of_rights(const struct target *t, struct err *e)
{
    const char *context = t->kube_config.context, *namespace = t->kube_config.namespace;
    AUTO_STR option = namespace ? xasprintf(" -n %s", namespace) : xstrdup("");
    return err_next(e, "kubectl%s%s%s auth can-i --list   (what this user may do)", context ? " --context " : "",
                    context ? context : "", option);
}

static struct err *advise_foreign(const struct target *t, struct err *e)
{
    bool is_about_it = err_get_code(e) == RW5102_WRONG_CLUSTER || err_get_code(e) == RW5103_CLUSTER_UNREACHABLE ||
                       err_get_code(e) == RW5104_CLUSTER_REFUSED;
    return is_about_it ? err_next(e, "kubectl --context %s version", t->cluster) : e;
}

struct err *target_advise(const struct target *t, struct err *e)
{
    if (!e || err_get_next(e, 0))
        return e;
    if (kube_is_forbidden(e))
        return advise_of_rights(t, e);
    if (t->foreign)
        return advise_foreign(t, e);
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
