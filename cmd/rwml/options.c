#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { MOST_JOBS = 64 };

#define AT(field) offsetof(struct options, field)

const struct option_row option_rows[] = {
    { 'C', "directory", OPTION_TEXT, "DIR", FOR_WORKSPACE, AT(directory), "work as if started in DIR" },
    { 0, "cluster", OPTION_TEXT, "NAME", FOR_CLUSTER, AT(cluster), "the Kind cluster to use" },
    { 0, "context", OPTION_TEXT, "NAME", FOR_CLUSTER, AT(context),
      "a context of the kubeconfig, also of a cluster that is not Kind's" },
    { 0, "set", OPTION_LIST, "KEY=VALUE", FOR_VARIABLES, AT(set), "give a variable its value; may be repeated" },
    { 0, "var-file", OPTION_LIST, "FILE", FOR_VARIABLES, AT(var_files),
      "read KEY=VALUE lines from FILE; may be repeated" },
    { 0, "no-check", OPTION_FLAG, NULL, FOR_DEPLOY | FOR_DIFF | FOR_RUN, AT(no_check),
      "do not check that in-cluster addresses resolve" },
    { 0, "no-create-namespace", OPTION_FLAG, NULL, FOR_DEPLOY, AT(no_create_namespace),
      "a missing namespace is an error" },
    { 0, "no-prune", OPTION_FLAG, NULL, FOR_DEPLOY | FOR_DIFF, AT(no_prune),
      "leave what is no longer in the manifests" },
    { 0, "adopt", OPTION_FLAG, NULL, FOR_DEPLOY | FOR_DIFF | FOR_APPLIED, AT(adopt),
      "take over what another workspace applied, as when this one was moved" },
    { 0, "force-conflicts", OPTION_FLAG, NULL, FOR_DEPLOY | FOR_DIFF, AT(force_conflicts),
      "take fields over from others that own them" },
    { 0, "rollback-on-failure", OPTION_FLAG, NULL, FOR_DEPLOY, AT(rollback_on_failure),
      "when the new version fails, return to what ran before" },
    { 0, "volumes", OPTION_FLAG, NULL, FOR_DELETE, AT(volumes), "also PersistentVolumeClaims, with their data" },
    { 0, "namespaces", OPTION_FLAG, NULL, FOR_DELETE, AT(namespaces), "also Namespaces, with all that is in them" },
    { 0, "definitions", OPTION_FLAG, NULL, FOR_DELETE, AT(definitions),
      "also CustomResourceDefinitions, with all their objects" },
    { 'y', "yes", OPTION_FLAG, NULL, FOR_DELETE, AT(yes), "yes, also what has data in it" },
    { 0, "no-file-delta", OPTION_FLAG, NULL, FOR_PUSH, AT(no_file_delta),
      "send layers whole, also where few of their files changed" },
    { 0, "settle", OPTION_DURATION, "DURATION", FOR_ROLLOUT | FOR_DIFF | FOR_RENDER, AT(settle_ms),
      "how long a pod must stay ready before it counts (default 5s; 0: off)" },
    { 0, "timeout", OPTION_DURATION, "DURATION", FOR_ROLLOUT | FOR_DELETE | FOR_RUN, AT(timeout_ms),
      "give a rollout, a removal or a start up after this long (default 5m)" },
    { 0, "lock-timeout", OPTION_DURATION, "DURATION", FOR_WORKSPACE, AT(lock_timeout_ms),
      "wait this long for another rwml in this workspace (default 1m)" },
    { 'j', "jobs", OPTION_NUMBER, "N", FOR_SERVICES, AT(jobs), "services at a time (default 4)" },
    { 0, "keep", OPTION_NUMBER, "N", FOR_DEPLOY | FOR_IMAGES, AT(keep),
      "images of each service that stay on the nodes, used or not (default 3)" },
    { 0, "prune", OPTION_FLAG, NULL, FOR_IMAGES, AT(prune), "remove the images that nothing keeps" },
    { 0, "dry-run", OPTION_FLAG, NULL, FOR_DEPLOY | FOR_IMAGES | FOR_APPLIED, AT(dry_run),
      "only say what would be done" },
    { 0, "exit-status", OPTION_FLAG, NULL, FOR_DEPLOY | FOR_DIFF, AT(exit_status),
      "exit with 10 when nothing was (or would be) changed, with 11 when something was" },
    { 0, "show-secrets", OPTION_FLAG, NULL, FOR_VALUES, AT(show_secrets), "show the values of Secrets" },
    { 'f', "follow", OPTION_FLAG, NULL, FOR_LOGS, AT(follow), "go on until interrupted (default on a terminal)" },
    { 0, "no-follow", OPTION_FLAG, NULL, FOR_LOGS, AT(no_follow), "end with what is there now" },
    { 0, "since", OPTION_DURATION, "DURATION", FOR_LOGS, AT(since_ms), "only lines that are younger, such as 10m" },
    { 0, "tail", OPTION_COUNT, "N", FOR_LOGS, AT(tail), "of what is there now, the last N lines of each container" },
    { 'p', "previous", OPTION_FLAG, NULL, FOR_LOGS, AT(previous), "of the instance before the last restart instead" },
    { 'c', "container", OPTION_TEXT, "NAME", FOR_PROGRAM, AT(container),
      "the container that is meant (default: the first)" },
    { 0, "keep-job", OPTION_FLAG, NULL, FOR_RUN, AT(keep_job), "leave the Job there, whatever becomes of it" },
    { 'i', "stdin", OPTION_FLAG, NULL, FOR_EXEC, AT(input), "pass our input on (default on a terminal)" },
    { 't', "tty", OPTION_FLAG, NULL, FOR_EXEC, AT(tty),
      "a terminal for the command (default where ours are terminals)" },
    { 'T', "no-tty", OPTION_FLAG, NULL, FOR_EXEC, AT(no_tty), "no terminal for the command" },
    { 'o', "output", OPTION_FORMAT, "text|json", FOR_WORKSPACE, AT(output), "json: one event a line on stdout" },
    { 'v', "verbose", OPTION_FLAG, NULL, FOR_WORKSPACE, AT(verbose), "also the output of build steps, and reasons" },
    { 0, "timings", OPTION_FLAG, NULL, FOR_SERVICES, AT(timings), "in the end, what each phase took" },
    { 'q', "quiet", OPTION_FLAG, NULL, FOR_WORKSPACE, AT(quiet), "results, warnings and errors only" },
    { 0, "no-color", OPTION_FLAG, NULL, FOR_WORKSPACE, AT(no_color), "no colours (also by NO_COLOR)" },
    { 'h', "help", OPTION_FLAG, NULL, FOR_ALL, AT(help), "show this help" },
};
const size_t option_row_count = COUNT_OF(option_rows);

void options_defaults(struct options *o)
{
    *o = (struct options){ .jobs = 4,
                           .keep = 3,
                           .timeout_ms = 5 * 60 * 1000,
                           .settle_ms = 5 * 1000,
                           .lock_timeout_ms = 60 * 1000,
                           .tail = -1 };
    o->output = xstrdup("text");
}

static const char *nearest_name(const char *word, unsigned groups)
{
    const char *names[COUNT_OF(option_rows)];
    size_t count = 0;
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].groups & groups)
            names[count++] = option_rows[i].name;
    return str_nearest(word, names, count);
}

static struct err *unknown(const char *word, const char *name, const char *command, unsigned groups)
{
    struct err *e = err_new(RW1022_UNKNOWN_OPTION, "rwml %s has no option %s", command, word);
    const char *near = name ? nearest_name(name, groups) : NULL;
    if (near)
        e = err_cause(e, "did you mean --%s?", near);
    return err_next(e, "rwml help %s", command);
}

static const struct option_row *find_long(const char *name, size_t length, unsigned groups)
{
    for (size_t i = 0; i < option_row_count; i++)
        if ((option_rows[i].groups & groups) && strlen(option_rows[i].name) == length &&
            strncmp(option_rows[i].name, name, length) == 0)
            return &option_rows[i];
    return NULL;
}

static const struct option_row *find_letter(char letter, unsigned groups)
{
    for (size_t i = 0; i < option_row_count; i++)
        if ((option_rows[i].groups & groups) && option_rows[i].letter == letter)
            return &option_rows[i];
    return NULL;
}

static struct err *wrong_value(const struct option_row *row, const char *value, const char *wanted)
{
    return err_cause(err_new(RW1020_COMMAND_LINE, "--%s %s is not %s", row->name, value, wanted), "it takes %s",
                     row->argument);
}

static struct err *store(const struct option_row *row, const char *value, struct options *o)
{
    void *slot = (char *)o + row->offset;
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)slot = true;
        return NULL;
    case OPTION_TEXT:
        str_set(slot, value);
        return NULL;
    case OPTION_LIST:
        strv_add(slot, value);
        return NULL;
    case OPTION_NUMBER:
        return num_i64(value, 1, MOST_JOBS, slot) ? NULL : wrong_value(row, value, "a number from 1 to 64");
    case OPTION_COUNT:
        return num_i64(value, 0, INT32_MAX, slot) ? NULL : wrong_value(row, value, "a number");
    case OPTION_DURATION:
        return num_duration_ms(value, slot) ? NULL : wrong_value(row, value, "a duration such as 90s or 5m");
    case OPTION_FORMAT:
        if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
            return wrong_value(row, value, "an output format");
        str_set(slot, value);
        return NULL;
    }
    BUG("option --%s has no type", row->name);
}

static struct err *missing_value(const struct option_row *row)
{
    return err_new(RW1020_COMMAND_LINE, "--%s needs a value: --%s %s", row->name, row->name, row->argument);
}

struct cursor {
    char *const *argv; /* at the word that is looked at */
    const char *command;
    unsigned groups;
};

static struct err *parse_long(struct cursor *at, struct options *o)
{
    const char *word = *at->argv, *name = word + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *row = find_long(name, length, at->groups);
    if (!row) {
        AUTO_STR bare = xstrndup(name, length);
        AUTO_STR shown = xasprintf("--%s", bare);
        return unknown(shown, bare, at->command, at->groups);
    }
    if (row->type == OPTION_FLAG && equals)
        return err_new(RW1020_COMMAND_LINE, "--%s takes no value", row->name);
    if (row->type == OPTION_FLAG)
        return store(row, NULL, o);
    if (!equals && !at->argv[1])
        return missing_value(row);
    return store(row, equals ? equals + 1 : *++at->argv, o);
}

static struct err *parse_letters(struct cursor *at, struct options *o)
{
    for (const char *letter = *at->argv + 1; *letter; letter++) {
        const struct option_row *row = find_letter(*letter, at->groups);
        if (!row) {
            AUTO_STR shown = xasprintf("-%c", *letter);
            return unknown(shown, NULL, at->command, at->groups);
        }
        if (row->type == OPTION_FLAG) {
            TRY(store(row, NULL, o));
            continue;
        }
        if (letter[1])
            return store(row, letter + 1, o);
        if (!at->argv[1])
            return missing_value(row);
        return store(row, *++at->argv, o);
    }
    return NULL;
}

struct err *options_parse(char *const *argv, const char *command, unsigned groups, struct options *out)
{
    struct cursor at = { argv, command, groups | FOR_ALL };
    struct err *errors = NULL;
    bool only_arguments = false;
    size_t named = SIZE_MAX;
    for (; *at.argv; at.argv++) {
        const char *word = *at.argv;
        if (only_arguments || word[0] != '-' || !word[1])
            strv_add(&out->arguments, word);
        else if (strcmp(word, "--") == 0) {
            only_arguments = true;
            named = out->arguments.count;
        } else if (word[1] == '-')
            errors = err_join(errors, parse_long(&at, out));
        else
            errors = err_join(errors, parse_letters(&at, out));
    }
    out->named = named < out->arguments.count ? named : out->arguments.count;
    return errors;
}

/* A value of its own follows "--name" and a last letter "-x" of an option that takes one. */
static bool takes_next_word(const char *word)
{
    const unsigned all = ~0U;
    const struct option_row *row = word[1] == '-'      ? find_long(word + 2, strlen(word + 2), all)
                                   : strlen(word) == 2 ? find_letter(word[1], all)
                                                       : NULL;
    return row && row->type != OPTION_FLAG;
}

size_t options_skip(char *const *argv)
{
    size_t count = 0;
    while (argv[count] && argv[count][0] == '-' && argv[count][1] && strcmp(argv[count], "--") != 0) {
        bool pair = takes_next_word(argv[count]);
        count++;
        if (pair && argv[count])
            count++;
    }
    return count;
}

void options_release(struct options *o)
{
    free(o->directory);
    free(o->cluster);
    free(o->context);
    free(o->output);
    free(o->container);
    strv_release(&o->set);
    strv_release(&o->var_files);
    strv_release(&o->arguments);
    *o = (struct options){ 0 };
}
