#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "flow/flow.h"
#include "helper.h"

static unsigned verbs_of(const char *command)
{
    static const struct {
        const char *command;
        unsigned verbs;
    } rows[] = { { "build", VERB_BUILD },
                 { "push", VERB_PUSH },
                 { "deploy", VERB_DEPLOY },
                 { "up", VERB_UP },
                 { "images", VERB_IMAGES } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].command, command) == 0)
            return rows[i].verbs;
    BUG("%s is no command that works on services", command);
}

/* XDG Base Directory Specification 0.8: state that is worth keeping, but not worth sharing. */
static char *state_dir(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/')
        return xasprintf("%s/rwml", state);
    if (home && home[0] == '/')
        return xasprintf("%s/.local/state/rwml", home);
    return xasprintf("/tmp/rwml-%u", (unsigned)getuid());
}

/* The same: what the user has chosen. */
static char *config_dir(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && config[0] == '/')
        return xasprintf("%s/rwml", config);
    return home && home[0] == '/' ? xasprintf("%s/.config/rwml", home) : NULL;
}

static struct err *two_clusters(void)
{
    struct err *e = err_new(RW1020_COMMAND_LINE, "--cluster and --context name the cluster twice");
    return err_state(err_cause(e, "a Kind cluster's context is found by itself"), "nothing was contacted");
}

struct err *cmd_services(const struct app *app, const struct command *self)
{
    const struct options *o = app->options;
    if (o->cluster && o->context)
        return two_clusters();
    AUTO_STR state = state_dir();
    AUTO_STR config = config_dir();
    const struct node_helper helper = helper_program();
    struct request request = {
        .verbs = verbs_of(self->name),
        .services = &o->arguments,
        .directory = o->directory ? o->directory : ".",
        .cluster = o->cluster,
        .context = o->context,
        .config_dir = config,
        .set = &o->set,
        .var_files = &o->var_files,
        .environment = environ,
        .docker_host = getenv("DOCKER_HOST"),
        .kubeconfig = getenv("KUBECONFIG"),
        .home = getenv("HOME"),
        .state_dir = state,
        .jobs = o->jobs,
        .timeout_ms = o->timeout_ms,
        .settle_ms = o->settle_ms,
        .lock_timeout_ms = o->lock_timeout_ms,
        .keep = o->keep,
        .prune = o->prune,
        .dry_run = o->dry_run,
        .no_check = o->no_check,
        .no_create_namespace = o->no_create_namespace,
        .no_file_delta = o->no_file_delta,
        .helper = &helper,
        .verbose = o->verbose,
        .timings = o->timings,
        .ui = app->ui,
        .cancel = app->cancel,
    };
    return request.verbs == VERB_IMAGES ? flow_images(&request) : flow_run(&request);
}
