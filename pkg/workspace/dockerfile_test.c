#include <string.h>

#include "base/buf.h"
#include "fake/check.h"
#include "fake/txtar.h"
#include "workspace/dockerfile.h"

/* The cases are in tests/data/workspace/dockerfile. A script has one command, `parse [NAME=VALUE …]`;
 * the Dockerfile is the case's file "Dockerfile". In it, <CR> stands for a carriage return and
 * <BLANK> for a blank, which editors take off the ends of lines. */

static void replace(struct buf *text, const char *mark, const char *by)
{
    AUTO_STR copy = xstrdup(buf_text(text));
    buf_truncate(text, 0);
    char *at = copy;
    for (char *found; (found = strstr(at, mark)); at = found + strlen(mark)) {
        buf_add(text, at, (size_t)(found - at));
        buf_adds(text, by);
    }
    buf_adds(text, at);
}

static void tell(const char *what, const struct strv *list, struct buf *out)
{
    AUTO_STR text = strv_join(list, " ");
    if (list->count)
        buf_addf(out, "%s: %s\n", what, text);
}

static void tell_dockerfile(const struct dockerfile *d, struct buf *out)
{
    for (size_t i = 0; i < d->stage_count; i++) {
        const struct dockerfile_stage *s = &d->stages[i];
        buf_addf(out, "stage %s of %s in line %zu%s\n", s->name ? s->name : "-", s->base ? s->base : "?", s->line,
                 s->used ? "" : ", unused");
    }
    tell("bases", &d->bases, out);
    tell("args", &d->args, out);
    tell("sources", &d->sources, out);
    tell("copied", &d->copied, out);
    tell("runs", &d->runs, out);
    if (d->service_arg)
        buf_addf(out, "service arg: %s\n", d->service_arg);
    if (d->syntax)
        buf_addf(out, "syntax: %s\n", d->syntax);
    if (d->wants_secret || d->wants_ssh)
        buf_addf(out, "wants:%s%s\n", d->wants_secret ? " secret" : "", d->wants_ssh ? " ssh" : "");
}

static void run(void *ctx, const char *command, struct buf *out)
{
    const struct buf *text = ctx;
    AUTO(strv) args = { 0 };
    AUTO(dockerfile) d = { 0 };
    AUTO_STR copy = xstrdup(command);
    char *rest = copy, *word;
    assert_string_equal(strsep(&rest, " "), "parse");
    while ((word = strsep(&rest, " ")))
        strv_add(&args, word);
    AUTO_PTR(err) e = dockerfile_parse(buf_text(text), text->len, "Dockerfile", &args, &d);
    if (e)
        buf_addf(out, "RW%d %s: %s\n", (int)err_get_code(e), err_get_where(e), err_get_message(e));
    else
        tell_dockerfile(&d, out);
}

static void run_case(const char *path, const struct txtar *t)
{
    AUTO(buf) text = BUF_INIT(1 << 20);
    buf_adds(&text, t->texts.items[0]);
    replace(&text, "<CR>", "\r");
    replace(&text, "<BLANK>", " ");
    txtar_replay(path, t, run, &text);
}

static void test_dockerfile_cases(void **state)
{
    (void)state;
    txtar_each("tests/data/workspace/dockerfile", 10, run_case);
}

/* A Dockerfile that ends anywhere is read or refused; nothing is read beyond its end. */
static void test_dockerfile_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] =
        "# syntax=docker/dockerfile:1\nARG A=1\nFROM base:${A:-x} AS \"b\" \\\n\nCOPY --from=b [\"a\", \"b\"]\n"
        "RUN --mount=type=bind,from=x,source=y <<-EOF\n\ttext\n\tEOF\nENV A $B\nCMD [\"services/x\"]\n";
    for (size_t len = 0; len < sizeof text; len++) {
        AUTO_STR cut = xstrndup(text, len);
        AUTO(dockerfile) d = { 0 };
        AUTO_PTR(err) e = dockerfile_parse(cut, strlen(cut), "f", &(struct strv){ 0 }, &d);
        if (e && err_get_code(e) != RW2001_DOCKERFILE_SYNTAX)
            fail_msg("%zu: RW%d", len, (int)err_get_code(e));
        assert_true(e || d.stage_count == 1);
    }
}

/* A few lines can double a value each; 10 KB must not become gigabytes. */
static void test_dockerfile_that_grows(void **state)
{
    (void)state;
    AUTO(buf) text = BUF_INIT(1 << 20);
    AUTO(dockerfile) d = { 0 };
    buf_adds(&text, "FROM a\nARG A0=0123456789abcdef\n");
    for (int i = 1; i <= 14; i++)
        buf_addf(&text, "ARG A%d=$A%d$A%d\n", i, i - 1, i - 1);
    for (int i = 0; i < 500; i++)
        buf_addf(&text, "ARG B%d=$A14\nCOPY $B%d /\n", i, i);
    check_ok(dockerfile_parse(buf_text(&text), text.len, "f", &(struct strv){ 0 }, &d));
    assert_int_equal(d.stage_count, 1);
    size_t held = 0;
    for (size_t i = 0; i < d.sources.count; i++)
        held += strlen(d.sources.items[i]);
    assert_in_range(held, 1, 8 << 20);
}

static void test_dockerfile_refuses_nul(void **state)
{
    (void)state;
    AUTO(dockerfile) d = { 0 };
    check_error(dockerfile_parse("FROM a\0b\n", 9, "f", &(struct strv){ 0 }, &d), RW2001_DOCKERFILE_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dockerfile_cases),
        cmocka_unit_test(test_dockerfile_cut_anywhere),
        cmocka_unit_test(test_dockerfile_refuses_nul),
        cmocka_unit_test(test_dockerfile_that_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
