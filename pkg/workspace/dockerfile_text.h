/* dockerfile_text: the letters of a Dockerfile: instructions as whole lines, words, variables.
 * For dockerfile.c alone. */
#ifndef WORKSPACE_DOCKERFILE_TEXT_H
#define WORKSPACE_DOCKERFILE_TEXT_H

#include "base/err.h"
#include "base/strv.h"

struct instruction {
    char *keyword; /* upper case */
    char *rest;    /* joined, without the blanks around it */
    size_t line;   /* where it begins */
};

struct instructions {
    struct instruction *items;
    size_t count;
    char *syntax; /* `# syntax=`, or NULL */
    char escape;  /* '\\', or '`' by `# escape=` */
};

struct err *instructions_read(const char *text, size_t len, const char *name, struct instructions *out) MUST_USE;
void instructions_release(struct instructions *in);

/* words_split: at blanks that are not quoted; quotes and escapes stay. */
void words_split(const char *text, char escape, struct strv *out);

/* word_heredoc: the terminator of <<EOF, <<-"EOF", 3<<EOF; NULL for any other word. *tabs: with "-",
 * tabs in front of the terminator don't count. */
char *word_heredoc(const char *word, bool *tabs) MUST_USE;

/* word_expand: quotes taken off, $NAME, ${NAME}, ${NAME:-x} and ${NAME:+x} filled in from vars
 * ("NAME=value"; the last wins). NULL when a variable has no value, or in a form of ${…} that is
 * not one of these. */
char *word_expand(const char *word, char escape, const struct strv *vars) MUST_USE;

/* vars_get: the last "NAME=value" of a name, or NULL. */
const char *vars_get(const struct strv *vars, const char *name, size_t len);

#endif
