#include "engine/trace.h"

#include <string.h>

#include "engine/protobuf.h"
#include "fake/check.h"

/* A message of protobuf, made by hand. */
static void put_bytes(struct buf *b, int field, const void *bytes, size_t len)
{
    buf_addf(b, "%c", field << 3 | 2);
    assert_true(len < 128 * 128);
    char size[2] = { (char)(len & 127), (char)(len >> 7) };
    if (len >= 128)
        size[0] = (char)(size[0] | (char)0x80);
    buf_add(b, size, len >= 128 ? 2 : 1);
    buf_add(b, bytes, len);
}

static void put_text(struct buf *b, int field, const char *text)
{
    put_bytes(b, field, text, strlen(text));
}

static void put_number(struct buf *b, int field, unsigned char value)
{
    char bytes[2] = { (char)(field << 3), (char)value };
    buf_add(b, bytes, 2);
}

static void put_time(struct buf *b, int field, unsigned char seconds)
{
    AUTO(buf) time = BUF_INIT(100);
    put_number(&time, 1, seconds);
    put_bytes(b, field, time.bytes, time.len);
}

static char *base64_of(const struct buf *b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    AUTO(buf) out = BUF_INIT(1 << 20);
    for (size_t i = 0; i < b->len; i += 3) {
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < b->len ? (unsigned char)b->bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_addf(&out, "%c", i + k <= b->len ? digits[bits >> (18 - 6 * k) & 63] : '=');
    }
    return buf_steal(&out, NULL);
}

/* One step's news: started and completed are seconds, 0 for not yet. */
static void put_step(struct buf *all, const char *digest, const char *name, int started, int completed,
                     const char *error, bool cached)
{
    AUTO(buf) v = BUF_INIT(4096);
    put_text(&v, 1, digest);
    put_text(&v, 3, name);
    if (cached)
        put_number(&v, 4, 1);
    if (started)
        put_time(&v, 5, (unsigned char)started);
    if (completed)
        put_time(&v, 6, (unsigned char)completed);
    if (error)
        put_text(&v, 7, error);
    put_bytes(all, 1, v.bytes, v.len);
}

static void put_log(struct buf *all, const char *digest, const char *text)
{
    AUTO(buf) l = BUF_INIT(16384);
    put_text(&l, 1, digest);
    put_number(&l, 3, 2);
    put_text(&l, 4, text);
    put_bytes(all, 3, l.bytes, l.len);
}

static void note(void *ctx, const struct engine_build_event *e)
{
    static const char *const kinds[] = { "start", "out", "progress", "cached", "done", "failed", "warn" };
    buf_addf(ctx, "%s %s", kinds[e->kind], e->name);
    if (e->kind == ENGINE_STEP_DONE || e->kind == ENGINE_STEP_CACHED)
        buf_addf(ctx, " %d", (int)e->elapsed_ms);
    if (e->output)
        buf_addf(ctx, " %.*s", (int)e->output_len, e->output);
    if (e->error)
        buf_addf(ctx, " %s", e->error);
    buf_adds(ctx, "|");
}

static void feed(struct trace *t, const struct buf *message)
{
    AUTO_STR text = base64_of(message);
    check_ok(trace_take(t, text));
}

static void test_a_step_is_told_from_start_to_end(void **state)
{
    (void)state;
    AUTO(buf) told = BUF_INIT(10000);
    AUTO(buf) first = BUF_INIT(10000);
    AUTO(buf) second = BUF_INIT(10000);
    AUTO_PTR(trace) t = trace_new(note, &told);
    put_step(&first, "sha256:1", "[1/2] FROM x", 0, 0, NULL, false);
    put_step(&first, "sha256:1", "[1/2] FROM x", 0, 9, NULL, true);
    put_step(&first, "sha256:2", "[2/2] RUN y", 10, 0, NULL, false);
    put_log(&first, "sha256:2", "hello\n");
    feed(t, &first);
    assert_string_equal(trace_running(t), "[2/2] RUN y");
    put_step(&second, "sha256:2", "[2/2] RUN y", 10, 12, NULL, false);
    put_step(&second, "sha256:3", "quick", 12, 13, NULL, false);
    feed(t, &second);
    assert_string_equal(buf_text(&told), "cached [1/2] FROM x 0|start [2/2] RUN y|out [2/2] RUN y hello\n|"
                                         "done [2/2] RUN y 2000|start quick|done quick 1000|");
    assert_null(trace_running(t));
    struct trace_failure failure;
    assert_false(trace_failed(t, &failure));
}

static void test_the_step_that_failed_by_itself_counts(void **state)
{
    (void)state;
    AUTO(buf) told = BUF_INIT(10000);
    AUTO(buf) m = BUF_INIT(10000);
    AUTO_PTR(trace) t = trace_new(note, &told);
    put_step(&m, "sha256:1", "one", 1, 0, NULL, false);
    put_step(&m, "sha256:2", "two", 1, 0, NULL, false);
    put_log(&m, "sha256:1", "last words\n");
    put_step(&m, "sha256:1", "one", 1, 2, "exit code: 3", false);
    put_step(&m, "sha256:2", "two", 1, 2, "context canceled", false);
    feed(t, &m);
    struct trace_failure failure;
    assert_true(trace_failed(t, &failure));
    assert_string_equal(failure.step, "one");
    assert_string_equal(failure.error, "exit code: 3");
    assert_string_equal(buf_text(failure.output), "last words\n");
}

static void test_only_the_end_of_much_output_is_kept(void **state)
{
    (void)state;
    char line[10001];
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    AUTO_PTR(trace) t = trace_new(NULL, NULL);
    for (int i = 0; i < 100; i++) {
        AUTO(buf) m = BUF_INIT(20000);
        put_step(&m, "sha256:1", "one", 1, i == 99 ? 2 : 0, i == 99 ? "exit code: 1" : NULL, false);
        line[9999] = (char)('0' + i % 10);
        put_log(&m, "sha256:1", line);
        feed(t, &m);
    }
    struct trace_failure failure;
    assert_true(trace_failed(t, &failure));
    assert_true(failure.output->len <= failure.output->max);
    assert_int_equal(buf_text(failure.output)[failure.output->len - 1], '9');
}

/* Every cut of a message is refused or read as less, and nothing is read beyond it. */
static void test_damaged_messages(void **state)
{
    (void)state;
    AUTO(buf) m = BUF_INIT(10000);
    size_t refused = 0;
    put_step(&m, "sha256:1", "one", 1, 2, "x", false);
    put_log(&m, "sha256:1", "text");
    for (size_t len = 1; len < m.len; len++) {
        AUTO(buf) cut = BUF_INIT(10000);
        AUTO_PTR(trace) t = trace_new(NULL, NULL);
        buf_add(&cut, m.bytes, len);
        AUTO_STR text = base64_of(&cut);
        struct err *e = trace_take(t, text);
        refused += e != NULL;
        err_free(e);
    }
    assert_true(refused >= m.len - 3); /* all but the cut between the two messages */
}

static void test_what_is_no_base64(void **state)
{
    (void)state;
    AUTO_PTR(trace) t = trace_new(NULL, NULL);
    check_error(trace_take(t, "ab\ncd"), RW3106_ENGINE_PROTOCOL);
    check_error(trace_take(t, "{}"), RW3106_ENGINE_PROTOCOL);
}

static void test_protobuf_lengths_beyond_the_bytes(void **state)
{
    (void)state;
    static const unsigned char bad[][12] = {
        { 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, /* a length of 2^63 */
        { 0x0a, 0x02, 'a' },                                            /* one byte short, with what follows zero */
        { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 }, /* a number without end */
        { 0x0b },                                                                   /* a group */
        { 0x02 },                                                                   /* field 0 */
        { 0x09, 1, 2, 3 },                                                          /* 8 bytes, 3 there */
    };
    static const size_t lengths[] = { 10, 3, 12, 1, 1, 4 };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct pb m = pb_open(bad[i], lengths[i]);
        struct pb_field f;
        assert_false(pb_next(&m, &f));
        assert_true(m.is_broken);
        assert_false(pb_next(&m, &f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_step_is_told_from_start_to_end),
        cmocka_unit_test(test_the_step_that_failed_by_itself_counts),
        cmocka_unit_test(test_only_the_end_of_much_output_is_kept),
        cmocka_unit_test(test_damaged_messages),
        cmocka_unit_test(test_what_is_no_base64),
        cmocka_unit_test(test_protobuf_lengths_beyond_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
