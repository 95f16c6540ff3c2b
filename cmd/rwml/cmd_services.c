#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "flow/flow.h"
#include "helper.h"
#include "release/applied.h"

/* With --exit-status, which only scripts ask for. */
enum { EXIT_UNCHANGED = 10, EXIT_CHANGED = 11 };

struct verb {
    const char *command;
    unsigned verbs;
    struct err *(*run)(const struct request *request); /* NULL: run_with, which takes more */
    bool dry_run;                                      /* always */
    struct err *(*run_with)(const struct app *app, const struct request *request);
};

static struct err *logs(const struct app *app, const struct request *request);
static struct err *run_unit(const struct app *app, const struct request *request);
static struct err *run_command(const struct app *app, const struct request *request);

static const struct verb *verb_of(const char *command)
{
    static const struct verb rows[] = {
        { "build", VERB_BUILD, flow_run, false, NULL },
        { "push", VERB_PUSH, flow_run, false, NULL },
        { "deploy", VERB_DEPLOY, flow_run, false, NULL },
        { "up", VERB_UP, flow_run, false, NULL },
        { "images", VERB_IMAGES, flow_images, false, NULL },
        { "diff", VERB_DEPLOY, flow_run, true, NULL },
        { "env", VERB_ENVIRONMENT, flow_environment, false, NULL },
        { "explain", VERB_ENVIRONMENT, flow_explain, false, NULL },
        { "render", VERB_RENDER, flow_render, false, NULL },
        { "status", VERB_WATCH, flow_status, false, NULL },
        { "logs", VERB_WATCH, NULL, false, logs },
        { "run", VERB_DEPLOY, NULL, false, run_unit },
        { "exec", VERB_WATCH, NULL, false, run_command },
        { "forward", VERB_WATCH, flow_forward, false, NULL },
        { "delete", VERB_DELETE, applied_run, false, NULL },
        { "restart", VERB_RESTART, applied_run, false, NULL },
        { "rollback", VERB_ROLLBACK, applied_run, false, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].command, command) == 0)
            return &rows[i];
    BUG("%s is no command that works on services", command);
}

/* Of what a command that runs a program is given, the first word is the service, the others are the program's;
 * where "--" tells which are which, there need be no service. */
static struct err *split_program(const struct options *o, struct strv *services)
{
    bool has_mark = o->named < o->arguments.count;
    if (has_mark && o->named > 1)
        return err_new(RW1020_COMMAND_LINE, "in front of -- stands one service, not %zu", o->named);
    if (o->named > 0)
        strv_add(services, o->arguments.items[0]);
    return NULL;
}

static void program_words(const struct options *o, struct strv *out)
{
    for (size_t i = o->named > 0 ? 1 : 0; i < o->arguments.count; i++)
        strv_add(out, o->arguments.items[i]);
}

/* The arguments are services; behind them may come the variable that is asked for, or a program's words. */
static struct err *split_arguments(const struct options *o, const struct command *self, bool asks_for_variable,
                                   struct strv *services, const char **variable)
{
    size_t count = o->arguments.count;
    if (self->groups & FOR_PROGRAM)
        return split_program(o, services);
    if (asks_for_variable && count == 0)
        return err_next(err_new(RW1020_COMMAND_LINE, "rwml explain needs the name of a variable"), "rwml help explain");
    if (asks_for_variable)
        *variable = o->arguments.items[--count];
    for (size_t i = 0; i < count; i++)
        strv_add(services, o->arguments.items[i]);
    return NULL;
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

static struct err *logs(const struct app *app, const struct request *request)
{
    const struct options *o = app->options;
    bool follow = o->follow || (isatty(STDOUT_FILENO) && !o->no_follow);
    if (o->follow && (o->no_follow || o->previous))
        return err_new(RW1020_COMMAND_LINE, "--follow and --%s exclude each other",
                       o->no_follow ? "no-follow" : "previous");
    return flow_logs(request, &(struct flow_logs){ follow, o->previous, o->since_ms, o->tail });
}

static struct err *run_unit(const struct app *app, const struct request *request)
{
    AUTO(strv) words = { 0 };
    program_words(app->options, &words);
    return flow_once(request, &(struct flow_once){ .container = app->options->container,
                                                   .arguments = &words,
                                                   .keep = app->options->keep_job,
                                                   .exit_code = app->exit_code });
}

/* On a terminal the command is to feel as if it ran here. */
static struct err *run_command(const struct app *app, const struct request *request)
{
    AUTO(strv) words = { 0 };
    const struct options *o = app->options;
    bool terminal = isatty(STDIN_FILENO), tty = o->tty || (terminal && isatty(STDOUT_FILENO) && !o->no_tty);
    program_words(o, &words);
    if (o->tty && (o->no_tty || !terminal))
        return err_new(RW1020_COMMAND_LINE,
                       o->no_tty ? "--tty and --no-tty exclude each other" : "--tty needs a terminal as input");
    if (strcmp(o->output, "json") == 0)
        return err_new(RW1020_COMMAND_LINE, "rwml exec shows what the command prints, which is not JSON of ours");
    return flow_exec(request, &(struct flow_exec){ .container = o->container,
                                                   .command = &words,
                                                   .input = o->input || terminal || words.count == 0,
                                                   .tty = tty,
                                                   .exit_code = app->exit_code });
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
    const struct verb *verb = verb_of(self->name);
    AUTO(strv) services = { 0 };
    const char *variable = NULL;
    bool changed = false;
    TRY(err_state(split_arguments(o, self, verb->run == flow_explain, &services, &variable), "nothing was contacted"));
    if (o->cluster && o->context)
        return two_clusters();
    AUTO_STR state = state_dir();
    AUTO_STR config = config_dir();
    const struct node_helper helper = helper_program();
    struct request request = {
        .verbs = verb->verbs,
        .services = &services,
        .variable = variable,
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
        .dry_run = o->dry_run || verb->dry_run,
        .changed = &changed,
        .no_check = o->no_check,
        .no_create_namespace = o->no_create_namespace,
        .no_prune = o->no_prune,
        .adopt = o->adopt,
        .force_conflicts = o->force_conflicts,
        .rollback_on_failure = o->rollback_on_failure,
        .volumes = o->volumes,
        .namespaces = o->namespaces,
        .definitions = o->definitions,
        .yes = o->yes,
        .no_file_delta = o->no_file_delta,
        .show_secrets = o->show_secrets,
        .helper = &helper,
        .verbose = o->verbose,
        .timings = o->timings,
        .ui = app->ui,
        .cancel = app->cancel,
    };
    TRY(verb->run ? verb->run(&request) : verb->run_with(app, &request));
    if (o->exit_status)
        *app->exit_code = changed ? EXIT_CHANGED : EXIT_UNCHANGED;
    return NULL;
}
