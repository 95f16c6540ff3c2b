#include "workspace/dockerfile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/path.h"
#include "doc/doc.h"
#include "workspace/dockerfile_text.h"

enum { EXPANDED_MAX = 4 << 20 }; /* bytes of values with variables filled in, four times the largest file */

/* What is known while the instructions are gone through. */
struct state {
    struct dockerfile *out;
    const char *name;
    const struct strv *build_args;
    char escape;
    size_t expanded;       /* bytes so far, of EXPANDED_MAX */
    struct strv global;    /* ARGs before the first FROM: what FROM may use */
    struct strv stage;     /* ARGs and ENVs of the current stage: what COPY may use */
    struct strv defaulted; /* names of ARGs with a default somewhere */
    char *entrypoint;
    char *command;
};

static void state_release(struct state *s)
{
    strv_release(&s->global);
    strv_release(&s->stage);
    strv_release(&s->defaulted);
    str_freep(&s->entrypoint);
    str_freep(&s->command);
}

static void add_once(struct strv *v, const char *item)
{
    if (!strv_has(v, item))
        strv_add(v, item);
}

/* The words of an instruction, flags first. */
struct arguments {
    struct strv flags; /* "--from=builder" */
    struct strv words;
};

static void arguments_release(struct arguments *a)
{
    strv_release(&a->flags);
    strv_release(&a->words);
}

static void read_json_words(const char *text, struct strv *out)
{
    DOC_AUTO list = NULL;
    struct err *e = doc_parse_json(text, strlen(text), "", &list);
    if (e) {
        err_ignore(e, "BuildKit reads an array that is no JSON as plain words, too");
        return;
    }
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (list, i, item)
        if (doc_text(item, ""))
            strv_add(out, doc_text(item, ""));
}

static struct arguments read_arguments(const char *rest, char escape)
{
    struct arguments a = { 0 };
    AUTO(strv) all = { 0 };
    words_split(rest, escape, &all);
    size_t i = 0;
    for (; i < all.count && str_starts(all.items[i], "--"); i++)
        strv_add(&a.flags, all.items[i]);
    const char *json = i < all.count && all.items[i][0] == '[' ? strchr(rest, '[') : NULL;
    if (json)
        read_json_words(json, &a.words);
    if (a.words.count == 0)
        for (; i < all.count; i++)
            strv_add(&a.words, all.items[i]);
    return a;
}

/* The value of --name=value, or NULL. */
static const char *flag(const struct arguments *a, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < a->flags.count; i++) {
        const char *f = a->flags.items[i] + 2;
        if (strncmp(f, name, len) == 0 && f[len] == '=')
            return f + len + 1;
    }
    return NULL;
}

static struct dockerfile_stage *current_stage(struct state *s)
{
    return s->out->stage_count ? &s->out->stages[s->out->stage_count - 1] : NULL;
}

/* word_expand, within a budget for the whole file: a few lines can double a value each. What is
 * beyond it counts as unknown. */
static char *expand(struct state *s, const char *word, const struct strv *vars)
{
    AUTO_STR value = s->expanded < EXPANDED_MAX ? word_expand(word, s->escape, vars) : NULL;
    s->expanded += value ? strlen(value) : 0;
    return STEAL(&value);
}

static void add_from(struct state *s, const char *word)
{
    AUTO_STR from = expand(s, word, &s->global);
    if (from && *from && current_stage(s))
        add_once(&current_stage(s)->from, from);
}

/* ARG NAME, ARG NAME=default, several in one line. Before the first FROM it is for FROM lines;
 * a stage gets such a value only by naming it again. */
static void read_arg(struct state *s, const struct arguments *a)
{
    bool in_stage = s->out->stage_count > 0;
    struct strv *vars = in_stage ? &s->stage : &s->global;
    for (size_t i = 0; i < a->words.count; i++) {
        const char *word = a->words.items[i];
        size_t len = strcspn(word, "=");
        AUTO_STR name = xstrndup(word, len);
        add_once(&s->out->args, name);
        if (word[len])
            add_once(&s->defaulted, name);
        const char *given = vars_get(s->build_args, name, len);
        if (!given && in_stage && !word[len])
            given = vars_get(&s->global, name, len);
        AUTO_STR fallback = !given && word[len] ? expand(s, word + len + 1, vars) : NULL;
        if (given || fallback)
            strv_addf(vars, "%s=%s", name, given ? given : fallback);
    }
}

/* ENV A=1 B=2, and the old form ENV A 1. */
static void read_env(struct state *s, const struct arguments *a)
{
    if (a->words.count >= 2 && !strchr(a->words.items[0], '=')) {
        AUTO_STR value = expand(s, a->words.items[1], &s->stage);
        if (value)
            strv_addf(&s->stage, "%s=%s", a->words.items[0], value);
        return;
    }
    for (size_t i = 0; i < a->words.count; i++) {
        const char *equals = strchr(a->words.items[i], '=');
        AUTO_STR value = equals ? expand(s, equals + 1, &s->stage) : NULL;
        if (value)
            strv_addf(&s->stage, "%.*s=%s", (int)(equals - a->words.items[i]), a->words.items[i], value);
    }
}

static struct err *read_from(struct state *s, const struct arguments *a, size_t line)
{
    if (a->words.count == 0) {
        struct err *e = err_new(RW2001_DOCKERFILE_SYNTAX, "%s:%zu: FROM names no image", s->name, line);
        return err_where(e, s->name, line, 0);
    }
    struct dockerfile *d = s->out;
    d->stages = xrealloc(d->stages, d->stage_count + 1, sizeof *d->stages);
    struct dockerfile_stage *stage = &d->stages[d->stage_count++];
    *stage = (struct dockerfile_stage){ .line = line };
    stage->base = expand(s, a->words.items[0], &s->global);
    if (stage->base && !*stage->base)
        str_freep(&stage->base);
    if (a->words.count >= 3 && strcasecmp(a->words.items[1], "AS") == 0)
        stage->name = xstrdup(a->words.items[2]);
    strv_release(&s->stage);
    str_freep(&s->entrypoint);
    str_freep(&s->command);
    return NULL;
}

static bool is_remote(const char *source)
{
    return strstr(source, "://") || str_starts(source, "git@");
}

/* x of services/x: only a source in services/ itself, spelt out, counts. */
static void add_service_of(struct strv *out, const char *path)
{
    static const char dir[] = "services/";
    if (strncasecmp(path, dir, sizeof dir - 1) != 0)
        return;
    path += sizeof dir - 1;
    AUTO_STR name = xstrndup(path, strcspn(path, "/\"' ,;)]"));
    if (*name && !strpbrk(name, "*?[${}"))
        add_once(out, name);
}

static void read_copy(struct state *s, const struct arguments *a)
{
    const char *from = flag(a, "from");
    if (from) {
        add_from(s, from);
        return;
    }
    for (size_t i = 0; i + 1 < a->words.count; i++) {
        bool tabs;
        AUTO_STR heredoc = word_heredoc(a->words.items[i], &tabs);
        AUTO_STR source = heredoc ? NULL : expand(s, a->words.items[i], &s->stage);
        if (!source || is_remote(source))
            continue;
        AUTO_STR clean = path_clean(source + strspn(source, "/"));
        add_once(&s->out->sources, clean);
        add_service_of(&s->out->copied, clean);
    }
}

static void read_mount(struct state *s, const char *spec)
{
    AUTO_STR copy = xstrdup(spec);
    char *rest = copy, *field;
    while ((field = strsep(&rest, ","))) {
        if (str_starts(field, "from="))
            add_from(s, field + 5);
        else if (strcmp(field, "type=secret") == 0)
            s->out->wants_secret = true;
        else if (strcmp(field, "type=ssh") == 0)
            s->out->wants_ssh = true;
    }
}

static struct err *read_instruction(struct state *s, const struct instruction *in)
{
    __attribute__((cleanup(arguments_release))) struct arguments a = read_arguments(in->rest, s->escape);
    if (strcmp(in->keyword, "FROM") == 0)
        return read_from(s, &a, in->line);
    if (strcmp(in->keyword, "ARG") == 0)
        read_arg(s, &a);
    else if (strcmp(in->keyword, "ENV") == 0)
        read_env(s, &a);
    else if (strcmp(in->keyword, "COPY") == 0 || strcmp(in->keyword, "ADD") == 0)
        read_copy(s, &a);
    else if (strcmp(in->keyword, "ENTRYPOINT") == 0)
        str_set(&s->entrypoint, in->rest);
    else if (strcmp(in->keyword, "CMD") == 0)
        str_set(&s->command, in->rest);
    else if (strcmp(in->keyword, "RUN") == 0)
        for (size_t i = 0; i < a.flags.count; i++)
            if (str_starts(a.flags.items[i], "--mount="))
                read_mount(s, a.flags.items[i] + strlen("--mount="));
    return NULL;
}

/* The earlier stage that a name or number means; before: the stage that asks. */
static struct dockerfile_stage *find_stage(const struct dockerfile *d, const char *name, size_t before)
{
    int64_t number;
    for (size_t i = before; i-- > 0;)
        if (d->stages[i].name && strcasecmp(d->stages[i].name, name) == 0)
            return &d->stages[i];
    if (num_i64(name, 0, (int64_t)before - 1, &number))
        return &d->stages[number];
    return NULL;
}

static void use_stage(struct dockerfile *d, const char *name, size_t before)
{
    struct dockerfile_stage *stage = find_stage(d, name, before);
    if (stage)
        stage->used = true;
    else if (strcmp(name, "scratch") != 0)
        add_once(&d->bases, name);
}

/* Stages name only earlier ones, so one way from the last to the first finds all that are used.
 * BuildKit fetches nothing for the others. */
static void find_bases(struct dockerfile *d)
{
    d->stages[d->stage_count - 1].used = true;
    for (size_t i = d->stage_count; i-- > 0;) {
        const struct dockerfile_stage *stage = &d->stages[i];
        if (!stage->used)
            continue;
        if (stage->base)
            use_stage(d, stage->base, i);
        for (size_t f = 0; f < stage->from.count; f++)
            use_stage(d, stage->from.items[f], i);
    }
    strv_sort(&d->bases);
}

static void find_service_arg(struct state *s)
{
    static const char *const names[] = { "SERVICE_NAME", "SERVICE", "APP_NAME", "APP" };
    for (size_t i = 0; i < COUNT_OF(names) && !s->out->service_arg; i++)
        if (strv_has(&s->out->args, names[i]) && !strv_has(&s->defaulted, names[i]))
            s->out->service_arg = xstrdup(names[i]);
}

static void find_runs(struct state *s)
{
    const char *texts[] = { s->entrypoint, s->command };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (const char *at = texts[i] ? strcasestr(texts[i], "services/") : NULL; at;
             at = strcasestr(at + 1, "services/"))
            if (at == texts[i] || !(isalnum((unsigned char)at[-1]) || strchr("_-", at[-1]))) /* not microservices/ */
                add_service_of(&s->out->runs, at);
}

static struct err *read_instructions(struct state *s, const struct instructions *in)
{
    for (size_t i = 0; i < in->count; i++)
        TRY(read_instruction(s, &in->items[i]));
    if (s->out->stage_count == 0)
        return err_at(err_new(RW2001_DOCKERFILE_SYNTAX, "%s has no FROM", s->name), "%s", s->name);
    find_bases(s->out);
    find_service_arg(s);
    find_runs(s);
    return NULL;
}

struct err *dockerfile_parse(const char *text, size_t len, const char *name, const struct strv *build_args,
                             struct dockerfile *out)
{
    AUTO(instructions) in = { 0 };
    AUTO(dockerfile) d = { 0 };
    TRY(instructions_read(text, len, name, &in));
    AUTO(state) s = { .out = &d, .name = name, .build_args = build_args, .escape = in.escape };
    TRY(read_instructions(&s, &in));
    d.syntax = STEAL(&in.syntax);
    if (d.syntax)
        add_once(&d.bases, d.syntax);
    *out = d;
    d = (struct dockerfile){ 0 };
    return NULL;
}

struct err *dockerfile_load(int root_fd, const char *path, const struct strv *build_args, struct dockerfile *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_DOCKERFILE);
    TRY(fs_read_beneath(root_fd, path, LIMIT_DOCKERFILE, &text));
    return dockerfile_parse(buf_text(&text), text.len, path, build_args, out);
}

void dockerfile_release(struct dockerfile *d)
{
    for (size_t i = 0; i < d->stage_count; i++) {
        free(d->stages[i].name);
        free(d->stages[i].base);
        strv_release(&d->stages[i].from);
    }
    free(d->stages);
    free(d->syntax);
    free(d->service_arg);
    strv_release(&d->bases);
    strv_release(&d->args);
    strv_release(&d->sources);
    strv_release(&d->copied);
    strv_release(&d->runs);
    *d = (struct dockerfile){ 0 };
}
