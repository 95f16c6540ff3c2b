/* commands: every word that may follow `rwml`, as one table: dispatch, help and suggestions are
 * read from it. A new command is a row here and a function in a file cmd_<name>.c. */
#ifndef RWML_COMMANDS_H
#define RWML_COMMANDS_H

#include "base/cancel.h"
#include "options.h"
#include "ui/ui.h"

/* What main gives to a command. */
struct app {
    const struct options *options;
    struct ui *ui;
    struct cancel *cancel;
    int *exit_code; /* of a command that ends without an error; 0 unless it says otherwise. Of one that runs a
                     * program (FOR_PROGRAM): the program's, also beside an error */
};

struct command {
    const char *name;
    const char *arguments;   /* as help shows them; NULL: takes none */
    unsigned groups;         /* whose options it takes: options.h */
    const char *summary;     /* one line */
    const char *description; /* a paragraph or two */
    struct err *(*run)(const struct app *app, const struct command *self);
};

extern const struct command commands[];
extern const size_t command_count;

/* command_find: RW1021_UNKNOWN_COMMAND with a suggestion when there is none of that name. */
struct err *command_find(const char *name, const struct command **out) MUST_USE;

/* The commands; each takes what commands.c says of it. */
struct err *cmd_services(const struct app *app, const struct command *self) MUST_USE; /* all that work on services */
struct err *cmd_version(const struct app *app, const struct command *self) MUST_USE;
struct err *cmd_help(const struct app *app, const struct command *self) MUST_USE;

#endif
