#include "node/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/image.h"
#include "fake/check.h"
#include "fake/docker.h"

static const struct node nodes[] = { { .name = "a", .running = true }, { .name = "b", .running = true } };

static const struct node_image image = { .ref = "app:dev", .config_digest = "sha256:x", .content_name = "app:dev-x" };
static const char NOTHING[] = "names - -\n.\n"; /* a session's answer of a node that has nothing */

/* An import into a and b, with what it needs. */
struct scene {
    struct docker d;
    struct import im;
    struct import_target targets[2];
    struct session sessions[2];
    struct node_push push;
};

static void scene_release(struct scene *s)
{
    for (size_t i = 0; i < COUNT_OF(s->targets); i++) {
        session_release(&s->sessions[i]);
        err_free(s->targets[i].error);
    }
    docker_release(&s->d);
}

/* Starts what s->d has answers for. */
static void start(struct scene *s, size_t count, int64_t ms)
{
    s->push.wait.deadline_ms = clock_after(ms);
    docker_start(&s->d);
    for (size_t i = 0; i < count; i++) {
        check_ok(session_open(&s->sessions[i], s->d.engine, &nodes[i], &image, false, s->push.wait));
        s->targets[i].session = &s->sessions[i];
    }
    s->im = (struct import){ .targets = s->targets, .count = count, .push = &s->push, .image = &image };
    import_start(&s->im);
}

static void assert_fails(const struct import_target *t, enum err_code code, const char *cause)
{
    assert_non_null(t->error);
    assert_int_equal(err_get_code(t->error), code);
    if (!strstr(err_get_cause(t->error), cause))
        fail_msg("\"%s\" does not hold \"%s\"", err_get_cause(t->error), cause);
}

/* A node that takes the whole input and then has the image, or says these words. */
static void add_reader(struct scene *s, const char *words)
{
    docker_created(&s->d);
    docker_reads(&s->d, NOTHING, *words ? NULL : "done\n", *words ? words : NULL);
}

/* A node that says this and is gone. */
static void add_leaver(struct scene *s, const char *words)
{
    docker_created(&s->d);
    docker_says(&s->d, NOTHING, words);
}

/* Any question: who has its answer knows that the answers before it were given, and the leavers' streams closed. */
static void add_question(struct scene *s)
{
    docker_json(&s->d, 404, "{}");
}

static void start_and_ask(struct scene *s, size_t count)
{
    bool found = false;
    AUTO(engine_image) any = { 0 };
    start(s, count, 10000);
    check_ok(engine_image_inspect(s->d.engine, "x", s->push.wait, &found, &any));
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        found++;
    return found;
}

static void test_every_node_gets_every_byte(void **state)
{
    (void)state;
    enum { LARGE = 70 * 1000 };
    char large[LARGE];
    AUTO(scene) s = { 0 };
    memset(large, '~', sizeof large);
    add_reader(&s, "");
    add_reader(&s, "");
    start(&s, 2, 10000);
    check_ok(import_take(&s.im, "~", 1));
    check_ok(import_take(&s.im, large, sizeof large));
    check_ok(import_finish(&s.im));
    for (size_t i = 0; i < 2; i++) {
        assert_null(s.targets[i].error);
        assert_int_equal(s.targets[i].sent, 1 + LARGE);
    }
    AUTO_STR heard = docker_stop(&s.d);
    assert_int_equal(count(heard, "import sha256:"), 2);
    assert_int_equal(count(heard, "~"), 2 * (1 + LARGE));
}

/* What passes a node by is not missed there. */
static void test_a_node_that_is_passed_by(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_reader(&s, "");
    add_reader(&s, "");
    start(&s, 2, 10000);
    s.targets[0].passes = true;
    check_ok(import_take(&s.im, "##", 2));
    s.targets[0].passes = false;
    check_ok(import_take(&s.im, "##", 2));
    check_ok(import_finish(&s.im));
    assert_int_equal(s.targets[0].sent, 2);
    assert_int_equal(s.targets[1].sent, 4);
}

static void test_a_ctr_that_exits_1_is_told_in_its_words(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_reader(&s, "ctr: content digest sha256:00:\nnot found\n\n");
    add_reader(&s, "");
    start(&s, 2, 10000);
    check_ok(import_take(&s.im, "x", 1));
    check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "ctr: content digest sha256:00: not found");
    assert_non_null(strstr(err_get_message(s.targets[0].error), "node a cannot import the image"));
    assert_null(s.targets[1].error);
}

static void test_the_last_of_many_words_is_told(void **state)
{
    (void)state;
    enum { KEPT = 64 * 1024 };
    AUTO(scene) s = { 0 };
    AUTO_STR words = xcalloc(KEPT + 100, 1);
    memset(words, 'w', KEPT);
    strcpy(words + KEPT, "ctr: the reason");
    add_reader(&s, words);
    start(&s, 1, 10000);
    check_ok(import_take(&s.im, "x", 1));
    check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "ctr: the reason");
}

static void test_an_end_without_words(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_created(&s.d);
    docker_reads(&s.d, NOTHING, NULL, NULL);
    start(&s, 1, 10000);
    check_ok(import_take(&s.im, "x", 1));
    check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "it said nothing about why");
}

/* The others go on. */
static void test_a_ctr_that_ends_early_is_left_behind(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_leaver(&s, "ctr: unexpected EOF");
    add_reader(&s, "");
    add_question(&s);
    start_and_ask(&s, 2);
    for (int i = 0; i < 3; i++)
        check_ok(import_take(&s.im, "x", 1));
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "ctr: unexpected EOF");
    check_ok(import_finish(&s.im));
    assert_null(s.targets[1].error);
    assert_int_equal(s.targets[1].sent, 3);
}

/* A slower one goes on; what may still come is not for the one that is ready. */
static void test_a_node_that_is_ready_before_the_others(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_created(&s.d);
    docker_says(&s.d, "names - -\n.\ndone\n", "unpacking x...done");
    add_reader(&s, "");
    add_question(&s);
    start_and_ask(&s, 2);
    for (int i = 0; i < 3; i++)
        check_ok(import_take(&s.im, "x", 1));
    check_ok(import_finish(&s.im));
    assert_null(s.targets[0].error);
    assert_null(s.targets[1].error);
    assert_int_equal(s.targets[1].sent, 3);
    AUTO(scene) alone = { 0 };
    docker_created(&alone.d);
    docker_says(&alone.d, "names - -\n.\ndone\n", NULL);
    add_question(&alone);
    start_and_ask(&alone, 1);
    check_ok(import_take(&alone.im, "zeros", 5));
    check_ok(import_finish(&alone.im));
    assert_null(alone.targets[0].error);
}

static void test_no_node_is_left(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_leaver(&s, "ctr: one");
    add_leaver(&s, "");
    docker_json(&s.d, 200, "{\"Id\":\"x\"}"); /* of this and how b's container is, whichever is asked first */
    docker_json(&s.d, 200, "{\"Id\":\"x\"}");
    start_and_ask(&s, 2);
    check_says(import_take(&s.im, "x", 1), RW4003_NODE_FAILED, "no node takes the image");
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "ctr: one");
    assert_fails(&s.targets[1], RW4003_NODE_FAILED, "closed the streams");
}

static void test_a_node_without_space(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_reader(&s, "ctr: write /var/lib/containerd/x: no space left on device");
    docker_exec(&s.d, "11G of 40G\n", NULL, 0);
    start(&s, 1, 10000);
    check_ok(import_take(&s.im, "x", 1));
    check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4004_NODE_FULL, "11G of 40G are free in /var/lib/containerd: ctr: write");
    assert_string_equal(err_get_next(s.targets[0].error, 0), "docker exec a crictl rmi --prune");
}

/* A node that is so full that it can't even be asked. */
static void test_a_node_without_space_that_tells_nothing(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_leaver(&s, "ctr: no space left on device");
    add_question(&s); /* of these two, whichever is asked first */
    docker_json(&s.d, 404, "{\"message\":\"no space left on device\"}");
    start_and_ask(&s, 1);
    check_error(import_take(&s.im, "x", 1), RW4003_NODE_FAILED);
    assert_fails(&s.targets[0], RW4004_NODE_FULL, "nobody knows how many bytes");
}

/* CRI's word decides, not ctr's. */
static void test_a_node_that_reports_something_else_in_the_end(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_created(&s.d);
    docker_reads(&s.d, NOTHING, "other app:dev is sha256:y, app:dev-x is -\n", NULL);
    start(&s, 1, 10000);
    check_ok(import_take(&s.im, "x", 1));
    check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4202_IMAGE_MISMATCH, "expected sha256:x; app:dev is sha256:y, app:dev-x is -");
}

/* An engine that closes with bytes of the input unread resets the connection; what ctr said is there. */
static void test_a_reset_after_the_last_byte(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_created(&s.d);
    docker_says(&s.d, NOTHING, "ctr: the reason")->hold = true;
    start(&s, 1, 10000);
    check_ok(import_take(&s.im, "x", 1));
    free(fake_stop(s.d.server, NULL));
    s.d.server = NULL;
    check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "ctr: the reason");
}

static void add_kill(struct scene *s)
{
    AUTO(buf) nothing = BUF_INIT(1);
    docker_json(&s->d, 200, "{\"Running\":true,\"ExitCode\":null}");
    docker_created(&s->d);
    docker_upgraded(&s->d, &nothing);
    docker_ended(&s->d, 137);
}

static void test_an_import_that_hangs_is_ended(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_created(&s.d);
    docker_says(&s.d, NOTHING, "unpacking")->hold = true;
    add_kill(&s);
    start(&s, 1, 300);
    check_ok(import_take(&s.im, "x", 1));
    check_error(import_finish(&s.im), RW9007_DEADLINE);
    assert_false(import_abort(&s.im));
    AUTO_STR heard = docker_stop(&s.d);
    assert_non_null(strstr(heard, "\"Cmd\":[\"kill\",\"-KILL\",\"--\",\"-7\"]"));
}

/* Whatever becomes of the others. */
static void test_a_node_that_is_done_has_it(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_reader(&s, "");
    docker_created(&s.d);
    docker_says(&s.d, NOTHING, "unpacking")->hold = true;
    add_kill(&s);
    start(&s, 2, 1000);
    check_ok(import_take(&s.im, "x", 1));
    check_error(import_finish(&s.im), RW9007_DEADLINE);
    assert_false(import_abort(&s.im));
    assert_true(s.targets[0].is_done);
    assert_false(s.targets[1].is_done);
}

static void test_half_a_frame_does_not_hold_beyond_the_deadline(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO(buf) stream = BUF_INIT(100);
    struct err *e = NULL;
    docker_frame_text(&stream, DOCKER_STDOUT, "7\n");
    docker_frame_text(&stream, DOCKER_STDOUT, NOTHING);
    buf_add(&stream, "\1\0\0\0", 4);
    docker_created(&s.d);
    docker_upgraded(&s.d, &stream)->hold = true;
    start(&s, 1, 300);
    while (!e)
        e = import_take(&s.im, "x", 1);
    assert_null(s.targets[0].error); /* it is not the node's fault */
    check_error(e, RW9007_DEADLINE);
}

static void test_an_import_that_cannot_be_ended_is_told(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_created(&s.d);
    docker_says(&s.d, NOTHING, NULL)->hold = true;
    add_reader(&s, "ctr: unexpected EOF"); /* the other one ends by itself */
    docker_json(&s.d, 500, "{\"message\":\"busy\"}");
    start(&s, 2, 10000);
    assert_true(import_abort(&s.im));
    assert_fails(&s.targets[0], RW4003_NODE_FAILED, "busy");
    assert_string_equal(err_get_message(s.targets[0].error), "an import may still run in node a");
    assert_null(s.targets[1].error);
}

/* The engine is asked how a silent node is, long before anybody loses patience with it. */
static void check_silent(const char *state, bool sends, const char *cause, const char *next)
{
    enum { MORE_THAN_A_SOCKET_HOLDS = 4 << 20 };
    AUTO(scene) s = { 0 };
    AUTO_STR bytes = xcalloc(MORE_THAN_A_SOCKET_HOLDS, 1);
    docker_created(&s.d);
    docker_says(&s.d, NOTHING, "unpacking")->hold = true;
    docker_json(&s.d, 200, "{\"State\":{\"Status\":\"running\"}}");
    docker_json(&s.d, state ? 200 : 404, state ? state : "{}");
    start(&s, 1, 60000);
    if (sends)
        check_error(import_take(&s.im, bytes, MORE_THAN_A_SOCKET_HOLDS), RW4003_NODE_FAILED);
    else
        check_ok(import_finish(&s.im));
    assert_fails(&s.targets[0], RW4002_NODE_STOPPED, cause);
    if (next)
        assert_string_equal(err_get_next(s.targets[0].error, 0), next);
    else
        assert_null(err_get_next(s.targets[0].error, 0));
}

static void test_a_node_that_is_paused_while_it_is_sent_to(void **state)
{
    (void)state;
    check_silent("{\"State\":{\"Status\":\"paused\"}}", true, "its container is paused", "docker unpause a");
}

static void test_a_node_that_stops_while_it_unpacks(void **state)
{
    (void)state;
    check_silent("{\"State\":{\"Status\":\"exited\"}}", false, "its container is exited", "docker start a");
    check_silent("{\"State\":{\"Status\":\"removing\"}}", false, "its container is gone", NULL);
    check_silent(NULL, false, "its container is gone", NULL);
}

static void test_a_request_to_stop_ends_the_sending(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO_PTR(cancel) cancel = NULL;
    add_reader(&s, "ctr: unexpected EOF");
    check_ok(cancel_new(&cancel));
    s.push.wait.cancel = cancel;
    start(&s, 1, 10000);
    check_ok(import_take(&s.im, "x", 1));
    cancel_request(cancel, 0);
    check_error(import_take(&s.im, "x", 1), RW9009_INTERRUPTED);
    assert_null(s.targets[0].error);
    assert_false(import_abort(&s.im)); /* also then */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_node_gets_every_byte),
        cmocka_unit_test(test_a_ctr_that_exits_1_is_told_in_its_words),
        cmocka_unit_test(test_the_last_of_many_words_is_told),
        cmocka_unit_test(test_an_end_without_words),
        cmocka_unit_test(test_a_ctr_that_ends_early_is_left_behind),
        cmocka_unit_test(test_a_node_that_is_ready_before_the_others),
        cmocka_unit_test(test_no_node_is_left),
        cmocka_unit_test(test_a_node_without_space),
        cmocka_unit_test(test_a_node_without_space_that_tells_nothing),
        cmocka_unit_test(test_a_node_that_is_passed_by),
        cmocka_unit_test(test_a_node_that_reports_something_else_in_the_end),
        cmocka_unit_test(test_a_reset_after_the_last_byte),
        cmocka_unit_test(test_an_import_that_hangs_is_ended),
        cmocka_unit_test(test_a_node_that_is_done_has_it),
        cmocka_unit_test(test_half_a_frame_does_not_hold_beyond_the_deadline),
        cmocka_unit_test(test_an_import_that_cannot_be_ended_is_told),
        cmocka_unit_test(test_a_node_that_is_paused_while_it_is_sent_to),
        cmocka_unit_test(test_a_node_that_stops_while_it_unpacks),
        cmocka_unit_test(test_a_request_to_stop_ends_the_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
