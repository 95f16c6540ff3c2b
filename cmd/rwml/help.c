#include "help.h"

#include <string.h>

enum { OPTION_COLUMN = 28 };

static void add_option(struct buf *out, const struct option_row *row)
{
    AUTO_STR spelling = row->letter ? xasprintf("-%c, --%s", row->letter, row->name) : xasprintf("    --%s", row->name);
    AUTO_STR left = xasprintf("%s%s%s", spelling, row->argument ? " " : "", row->argument ? row->argument : "");
    if (strlen(left) > OPTION_COLUMN)
        buf_addf(out, "  %s\n  %*s %s\n", left, OPTION_COLUMN, "", row->help);
    else
        buf_addf(out, "  %-*s %s\n", OPTION_COLUMN, left, row->help);
}

void help_overview(struct buf *out)
{
    buf_adds(
        out,
        "Brings Python services from source to running pods in a Kind cluster, and proves that the new code runs.\n\n"
        "Usage: rwml COMMAND [OPTIONS] [SVC...]\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++)
        buf_addf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    buf_adds(
        out,
        "\n`rwml help COMMAND` tells a command's options. No SVC: in a service's directory that service, else all.\n"
        "\nExit codes: 0 done and verified, 1 your code (build step, crash), 2 usage or manifest, 3 engine or cluster\n"
        "out of reach, 4 the cluster said no, 5 not ready in time, 6 partly done, 7 this machine (disk, permission),\n"
        "8 broken or wrong data, 9 another rwml is at work, 130 interrupted. With --exit-status: 10 nothing changed,\n"
        "11 something did. rwml run and rwml exec end with the program's code, and with 125 where it has none.\n");
}

void help_command(const struct command *command, struct buf *out)
{
    buf_addf(out, "Usage: rwml %s%s%s%s\n\n%s\n\nOptions:\n", command->name, command->groups ? " [OPTIONS]" : "",
             command->arguments ? " " : "", command->arguments ? command->arguments : "", command->description);
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].groups & (command->groups | FOR_ALL))
            add_option(out, &option_rows[i]);
}

/* A dash is a minus in man(7) unless it is escaped, and a leading dot would be a request. */
static void add_roff(struct buf *out, const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            buf_adds(out, "\\&");
        if (*text == '-' || *text == '\\')
            buf_adds(out, "\\");
        buf_add(out, text, 1);
        line_start = *text == '\n';
    }
}

static void add_roff_option(struct buf *out, const struct option_row *row)
{
    buf_adds(out, ".TP\n.B ");
    if (row->letter)
        buf_addf(out, "\\-%c\\fR, \\fB", row->letter);
    buf_adds(out, "\\-\\-");
    add_roff(out, row->name);
    if (row->argument)
        buf_addf(out, " \\fI%s", row->argument);
    buf_adds(out, "\n");
    add_roff(out, row->help);
    buf_adds(out, "\n");
}

void help_man_page(struct buf *out)
{
    buf_addf(out,
             ".TH RWML 1 \"\" \"rwml %s\" \"User Commands\"\n.SH NAME\nrwml \\- from source to a running pod in a Kind "
             "cluster\n.SH SYNOPSIS\n.B rwml\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fISVC\\fR...]\n.SH COMMANDS\n",
             RWML_VERSION);
    for (size_t i = 0; i < command_count; i++) {
        buf_addf(out, ".TP\n.B %s %s\n", commands[i].name, commands[i].arguments ? commands[i].arguments : "");
        add_roff(out, commands[i].description);
        buf_adds(out, "\n");
    }
    buf_adds(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < option_row_count; i++)
        add_roff_option(out, &option_rows[i]);
}
