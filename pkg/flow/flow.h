/* flow: the commands, each a flow over what a request names (plan/request.h). flow_run finds the workspace,
 * checks everything that can be checked without contacting anybody, takes the workspace's lock, proves the
 * cluster, and then works on the services side by side.
 *
 *   run.c        the order of all this
 *   build.c  push.c  the first two verbs of one service; the third is release/deploy.c
 *   registry.c   the registry that the cluster names
 *   images.c     old images, shown and removed
 *   brought.c    which images are rwml's, and which of them stay
 *   uses.c       which images the cluster's objects name
 *   render.c     the objects as they would be applied
 *   status.c     what was built, what the nodes have, what runs
 *   logs.c       what the containers of the services' pods print
 *   once.c       a one-off Job; unit.c  out of what
 *   exec.c       a command in a pod that runs; find_pod.c  in which, session.c  with our streams
 *   forward.c    ports of pods on this machine: ports.c  which, current_pods.c  of which pods, tunnel.c  a connection
 *   environment.c  explain.c   what programs find in their environment, and why
 *   lookup.c     ConfigMaps and Secrets of the cluster, for these two
 *
 * What happens is told to the ui as it happens; errors are returned, joined over the services.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "plan/request.h"

/* flow_run: NULL when every verb is done and proved for every service. Errors of the services are
 * joined; RW6302_SERVICES_PARTIAL is added when some were deployed and some were not. */
struct err *flow_run(const struct request *request) MUST_USE;

/* flow_images: shows the images that rwml brought to the nodes and why each stays, and removes the
 * others where that is asked for. A node that fails leaves the others alone: what they have is
 * shown, and removed; RW4005_NODES_PARTIAL. */
struct err *flow_images(const struct request *request) MUST_USE;

/* flow_render: prints each service's objects as flow_run would apply them, in that order: variables, images,
 * settle and namespaces set, but without the label of the apply set. Nothing is written anywhere. The engine is asked
 * where a service has images of its own, the cluster where KAFKA_BROKER_ADDRESS has to be found; an image whose name
 * for its content can't be learned keeps the manifest's reference, which is told. What Secrets hold is masked. */
struct err *flow_render(const struct request *request) MUST_USE;

/* flow_status: shows a line for each service: what the engine has built, how many nodes have it, whether that is what
 * runs, and how its pods are. Where the engine, a node or the cluster can't be asked, the rest is shown, and the error
 * says why. Changes nothing. */
struct err *flow_status(const struct request *request) MUST_USE;

/* flow_logs: shows what the containers of the services' pods print, in the order of time: what is there now, or, where
 * it follows, until interrupted (RW9009_INTERRUPTED), over restarts and revisions. Changes nothing. */
struct flow_logs {
    bool follow;
    bool previous;    /* of the instance before, which can't be followed */
    int64_t since_ms; /* only what is younger; 0: all */
    int64_t tail;     /* the last lines of each container only; < 0: all */
};
struct err *flow_logs(const struct request *request, const struct flow_logs *how) MUST_USE;

/* flow_once: makes a one-off Job of the Job or CronJob that request->services names, as flow_run would apply it now
 * (its image proved in the same way), shows what its containers print as they print it, and waits for its end. verbs
 * is VERB_DEPLOY. The Job is removed then; one that has failed stays for an hour, to be looked at. Interrupted, it is
 * removed, too, and its program is asked to end. What ends by itself sets *exit_code, also where there is an error
 * beside it: RW6106_JOB_FAILED, with the failure's card. Else the errors of flow_run, RW1017_NO_UNIT and
 * RW1018_NO_CONTAINER. */
struct flow_once {
    const char *container;        /* the one that counts, and gets the arguments; NULL: the first */
    const struct strv *arguments; /* instead of the container's args; empty: those */
    bool keep;                    /* the Job stays, also when interrupted */
    int *exit_code;               /* the program's */
};
struct err *flow_once(const struct request *request, const struct flow_once *how) MUST_USE;

/* flow_exec: a command, or a shell, in the newest ready pod of the service, with our standard streams. verbs is
 * VERB_WATCH. *exit_code becomes the command's; 126 or 127 beside RW6402_COMMAND_CANNOT_START. RW6401_NO_READY_POD,
 * RW1018_NO_CONTAINER, RW6403_POD_GONE, RW6404_SESSION_LOST. */
struct flow_exec {
    const char *container;      /* NULL: the default one */
    const struct strv *command; /* empty: a shell */
    bool input;                 /* it gets our input; else an empty one */
    bool tty;                   /* our input is a terminal, and it gets one */
    int *exit_code;
    const char *service; /* for flow_exec itself */
};
struct err *flow_exec(const struct request *request, struct flow_exec *how) MUST_USE;

/* flow_forward: ports of the services' pods at 127.0.0.1, until interrupted (RW9009_INTERRUPTED). Each connection goes
 * to the newest ready pod there is when it comes; while there is none it waits. request->services are names and
 * ports; verbs is VERB_WATCH. RW1019_NO_PORT, RW9010_PORT_TAKEN. */
struct err *flow_forward(const struct request *request) MUST_USE;

/* flow_environment: shows the environment of each container of the services: values, and where each is from.
 * The cluster is asked only for what the manifests lack; where that does not go well, it is a warning, and
 * those values stay open. Errors are those of the manifests and their variables, as for a deploy. */
struct err *flow_environment(const struct request *request) MUST_USE;

/* flow_explain: shows all that gives one variable its value, what wins and what loses, and every place that
 * it reaches. RW1031_VARIABLE_UNUSED when there is none, with a suggestion. */
struct err *flow_explain(const struct request *request) MUST_USE;

#endif
