/* help: the texts that come out of the tables of commands.h and options.h. */
#ifndef RWML_HELP_H
#define RWML_HELP_H

#include "base/buf.h"
#include "commands.h"

void help_overview(struct buf *out);
void help_command(const struct command *command, struct buf *out);
void help_man_page(struct buf *out); /* rwml.1, in man(7) */

#endif
