/* request: what a command is asked to do, and with what. */
#ifndef PLAN_REQUEST_H
#define PLAN_REQUEST_H

#include "base/cancel.h"
#include "base/strv.h"
#include "node/image.h"
#include "ui/ui.h"

enum verbs {
    VERB_BUILD = 1 << 0,
    VERB_PUSH = 1 << 1,
    VERB_DEPLOY = 1 << 2,
    VERB_UP = VERB_BUILD | VERB_PUSH | VERB_DEPLOY,
    VERB_IMAGES = 1 << 3,      /* flow_images alone */
    VERB_RENDER = 1 << 4,      /* flow_render alone */
    VERB_WATCH = 1 << 5,       /* those that go to what runs: logs, status, exec, forward */
    VERB_ENVIRONMENT = 1 << 6, /* flow_environment and flow_explain alone */
    VERB_DELETE = 1 << 7,      /* one of these three: applied_run alone */
    VERB_RESTART = 1 << 8,
    VERB_ROLLBACK = 1 << 9,
    VERB_APPLIED = VERB_DELETE | VERB_RESTART | VERB_ROLLBACK
};

/* Everything is borrowed for the length of flow_run. Strings may be NULL where it says so. */
struct request {
    unsigned verbs;
    const struct strv *services;  /* as named by the user; empty: see workspace_select */
    const char *directory;        /* where to look for the workspace; relative var_files lie there */
    const char *cluster;          /* --cluster; NULL: the workspace tells, or there is only one */
    const char *context;          /* --context; NULL: the user's own configuration may name one, see target.h */
    const char *config_dir;       /* where the user's config.yaml lies; may be NULL */
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
    int64_t keep;  /* images of each reference that stay on the nodes whether or not they are used */
    bool prune;    /* flow_images: remove what may go */
    bool dry_run;  /* only say what would be done: nothing is built, pushed, applied or removed */
    bool *changed; /* flow_run: becomes true when nodes or cluster were written to, or would be; may be NULL */
    bool no_check;
    bool no_create_namespace;
    bool no_prune;        /* deploy: what has left the manifests stays */
    bool adopt;           /* what another workspace applied becomes this one's */
    bool force_conflicts; /* fields are taken over from other owners */
    bool rollback_on_failure;
    bool volumes;     /* delete: PersistentVolumeClaims go, too */
    bool namespaces;  /* … Namespaces */
    bool definitions; /* … CustomResourceDefinitions */
    bool yes;         /* … and the user is sure */
    bool no_file_delta;
    bool show_secrets;    /* values of Secrets are told */
    const char *variable; /* flow_explain: the one that is asked for */
    bool verbose;
    bool timings;                     /* tell what each phase took */
    const struct node_helper *helper; /* for comparing images; NULL: they are not compared */
    struct ui *ui;
    const struct cancel *cancel;
};

#endif
