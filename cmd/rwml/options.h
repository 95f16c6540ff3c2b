/* options: what can be written on the command line, as one table.
 *
 * The table gives the parser, `--help`, the man page and the checks in options_test.c; there is no
 * second list. An option says which commands take it, so that `rwml build --settle 9s` is an
 * error, not a silence.
 */
#ifndef RWML_OPTIONS_H
#define RWML_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

/* The values of all options; what nobody wrote keeps its default (options_defaults). */
struct options {
    char *directory;
    char *cluster;
    char *context;
    char *output;
    struct strv set; /* KEY=VALUE */
    struct strv var_files;
    int64_t jobs;
    int64_t timeout_ms;
    int64_t settle_ms;
    int64_t lock_timeout_ms;
    int64_t keep;
    bool prune;
    bool dry_run;
    bool exit_status;
    bool no_check;
    bool no_create_namespace;
    bool no_prune;
    bool adopt;
    bool force_conflicts;
    bool rollback_on_failure;
    bool volumes;
    bool namespaces;
    bool definitions;
    bool yes;
    bool no_file_delta;
    bool show_secrets;
    bool no_color;
    bool verbose;
    bool timings;
    bool quiet;
    bool follow;
    bool no_follow;
    bool previous;
    int64_t since_ms;
    int64_t tail; /* -1: all */
    char *container;
    bool keep_job;
    bool input;
    bool tty;
    bool no_tty;
    bool help;
    struct strv arguments; /* what is no option: the services */
    size_t named;          /* how many of them stand in front of "--"; all, where there is none */
};

/* Groups of commands that take an option. */
enum option_group {
    FOR_ALL = 1 << 0,       /* every command */
    FOR_WORKSPACE = 1 << 1, /* those that work on services */
    FOR_CLUSTER = 1 << 2,   /* those that go to a cluster: all but build */
    FOR_DEPLOY = 1 << 3,    /* deploy, up */
    FOR_PUSH = 1 << 4,      /* push, up */
    FOR_SERVICES = 1 << 5,  /* those that work on several services at a time: build, push, deploy, up */
    FOR_IMAGES = 1 << 6,    /* images */
    FOR_VARIABLES = 1 << 7, /* those that put variables into manifests: deploy, up, diff, env, explain, render */
    FOR_VALUES = 1 << 8,    /* those that can show values: deploy, up, diff, env, explain, render */
    FOR_DIFF = 1 << 9,      /* diff */
    FOR_RENDER = 1 << 10,   /* render */
    FOR_LOGS = 1 << 11,     /* logs */
    FOR_APPLIED = 1 << 12,  /* those that work on what was applied: delete, restart, rollback */
    FOR_DELETE = 1 << 13,   /* delete */
    FOR_ROLLOUT = 1 << 14,  /* those that follow a rollout: deploy, up, restart, rollback */
    FOR_PROGRAM = 1 << 15,  /* those that end with a program's exit code: run, exec */
    FOR_RUN = 1 << 16,      /* run */
    FOR_EXEC = 1 << 17      /* exec */
};

enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* char * */
    OPTION_LIST,     /* struct strv; may be repeated */
    OPTION_NUMBER,   /* int64_t, 1 to 64 */
    OPTION_COUNT,    /* int64_t, 0 or more */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_FORMAT    /* char *, text or json */
};

struct option_row {
    char letter; /* 0: none */
    const char *name;
    enum option_type type;
    const char *argument; /* NULL for a flag */
    unsigned groups;
    size_t offset;
    const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

void options_defaults(struct options *o);

/* options_parse: reads argv[0..] behind the command's name. groups: those of the command.
 * Accepts --name VALUE, --name=VALUE, -xVALUE, -x VALUE, joined flags (-vq), and -- to end options.
 * Errors, joined: RW1022_UNKNOWN_OPTION with a suggestion, RW1020_COMMAND_LINE for a wrong value;
 * out then has what was right, such as the format in which errors are wanted. */
struct err *options_parse(char *const *argv, const char *command, unsigned groups, struct options *out) MUST_USE;

/* options_skip: how many words of argv are options, with their values, in front of the command. */
size_t options_skip(char *const *argv);
void options_release(struct options *o);

#endif
