/* flow: the verbs joined. One request says which services, which verbs and with what; flow_run
 * finds the workspace, checks everything that can be checked without contacting anybody, takes the
 * workspace's lock, proves the cluster, and then works on the services side by side.
 *
 *   run.c        the order of all this
 *   plan.c       what is known before anything is contacted: services, manifests, variables
 *   target.c     the engine, the Kind cluster's nodes and its API server, proved to belong together
 *   turn.c       what only one rwml at a time may do
 *   registry.c   the registry that the cluster names
 *   broker.c     KAFKA_BROKER_ADDRESS: looked for in the cluster, and checked
 *   job.c        one service on its way; build.c  push.c  deploy.c its part of each verb
 *   tell.c       an event that is no single service's
 *   timings.c    what each phase of that took
 *   release_check.c  release_apply.c   its objects on their way into the cluster
 *   images.c     old images, shown and removed
 *   brought.c    which images are rwml's, and which of them stay
 *   uses.c       which images the cluster's objects name
 *
 * What happens is told to the ui as it happens; errors are returned, joined over the services.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/cancel.h"
#include "base/strv.h"
#include "node/image.h"
#include "ui/ui.h"

enum flow_verbs {
    FLOW_BUILD = 1 << 0,
    FLOW_PUSH = 1 << 1,
    FLOW_DEPLOY = 1 << 2,
    FLOW_UP = FLOW_BUILD | FLOW_PUSH | FLOW_DEPLOY,
    FLOW_IMAGES = 1 << 3 /* flow_images alone */
};

/* Everything is borrowed for the length of flow_run. Strings may be NULL where it says so. */
struct flow_request {
    unsigned verbs;
    const struct strv *services;  /* as named by the user; empty: see workspace_select */
    const char *directory;        /* where to look for the workspace; relative var_files lie there */
    const char *cluster;          /* --cluster; NULL: the workspace tells, or there is only one */
    const struct strv *set;       /* --set NAME=VALUE */
    const struct strv *var_files; /* --var-file */
    char *const *environment;     /* for RWML_VAR_<NAME> */
    const char *docker_host;      /* $DOCKER_HOST; NULL: the default */
    const char *kubeconfig;       /* $KUBECONFIG; NULL: home's */
    const char *home;             /* $HOME; may be NULL */
    const char *state_dir;        /* where the lock lies; made when missing */
    int64_t jobs;
    int64_t timeout_ms; /* of one service's rollout */
    int64_t settle_ms;
    int64_t lock_timeout_ms;
    int64_t keep; /* images of each reference that stay on the nodes whether or not they are used */
    bool prune;   /* flow_images: remove what may go */
    bool dry_run; /* … or only say so */
    bool no_check;
    bool no_create_namespace;
    bool no_file_delta;
    bool verbose;
    bool timings;                     /* tell what each phase took */
    const struct node_helper *helper; /* for comparing images; NULL: they are not compared */
    struct ui *ui;
    const struct cancel *cancel;
};

/* flow_run: NULL when every verb is done and proved for every service. Errors of the services are
 * joined; RW6302_SERVICES_PARTIAL is added when some were deployed and some were not. */
struct err *flow_run(const struct flow_request *request) MUST_USE;

/* flow_images: shows the images that rwml brought to the nodes and why each stays, and removes the
 * others where that is asked for. A node that fails leaves the others alone: what they have is
 * shown, and removed; RW4005_NODES_PARTIAL. */
struct err *flow_images(const struct flow_request *request) MUST_USE;

#endif
