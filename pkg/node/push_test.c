#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/pushed.h"

static void add_kill(struct docker *d)
{
    AUTO(buf) nothing = BUF_INIT(1);
    docker_json(d, 200, "{\"Running\":true,\"ExitCode\":null}");
    docker_created(d);
    docker_upgraded(d, &nothing);
    docker_ended(d, 137);
}

static void test_a_node_that_has_it(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    pushed_add_asked(&p.d, true, true);
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_HAD_IT);
    assert_non_null(strstr(p.heard, "\"sh\",\"" DIGEST "\",\"" FULL "app:dev\",\"" FULL CONTENT "\",\"\"]"));
}

/* A name alone proves nothing: it is there from before the image was unpacked. */
static void test_a_node_that_lacks_one_name(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        AUTO(pushed) p = { 0 };
        AUTO_STR lines = pushed_asked(i == 1, i == 0);
        docker_created(&p.d);
        docker_reads(&p.d, lines, "done\n", NULL);
        pushed_add_looked_at(&p.d);
        pushed_add_export(&p.d, HEX, "");
        check_ok(pushed_to(&p, &pushed_running, 1));
        assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    }
}

static void test_one_of_two_nodes_is_stopped(void **state)
{
    (void)state;
    const struct node nodes[] = { pushed_running, pushed_stopped };
    AUTO(pushed) p = { 0 };
    pushed_add_whole(&p.d, "done\n", NULL);
    AUTO_PTR(err) e = pushed_to(&p, nodes, 2);
    assert_int_equal(err_get_code(e), RW4005_NODES_PARTIAL);
    assert_string_equal(err_get_state(e), CONTENT " is on: a; not on: b; no import is left running");
    assert_non_null(strstr(err_get_cause(e), "node b is not running: its container is exited"));
    assert_string_equal(err_get_next(e, 0), "docker start b");
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_int_equal(p.results.items[1].outcome, NODE_LACKS_IT);
    assert_null(strstr(p.heard, "/containers/b/"));
}

static void test_every_node_is_stopped(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    AUTO_PTR(err) e = pushed_to(&p, &pushed_stopped, 1);
    assert_int_equal(err_get_code(e), RW4002_NODE_STOPPED);
    assert_non_null(strstr(err_get_state(e), "is on: none; not on: b;"));
    assert_string_equal(err_get_next(e, 0), "docker start b");
    assert_null(strstr(p.heard, "/exec"));
}

static struct err *no_turn(void *ctx, int *turn, bool *waited)
{
    (void)turn;
    (void)waited;
    ++*(int *)ctx;
    return err_new(RW9007_DEADLINE, "another push does not end");
}

/* It is asked for only when something has to travel, and nothing travels without it. */
static void test_a_turn_that_does_not_come(void **state)
{
    (void)state;
    int asked = 0;
    AUTO(pushed) p = { .push = { .take_turn = no_turn, .ctx = &asked } };
    AUTO(pushed) q = { .push = { .take_turn = no_turn, .ctx = &asked } };
    pushed_add_asked(&p.d, true, true);
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(asked, 0);
    pushed_add_lacking(&q.d, NULL, NULL);
    pushed_fails(&q, RW9007_DEADLINE, "another push does not end", PUSHED_ON_NONE);
    assert_int_equal(asked, 1);
    assert_null(strstr(q.heard, "import sha256:"));
}

static void test_an_import_that_fails(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    pushed_add_whole(&p.d, NULL, "ctr: archive/tar: invalid tar header\n");
    pushed_fails(&p, RW4003_NODE_FAILED, "ctr: archive/tar: invalid tar header", PUSHED_ON_NONE);
}

static void test_an_import_that_ends_early(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    AUTO_STR lines = pushed_asked(false, false);
    docker_created(&p.d);
    docker_says(&p.d, lines, "ctr: failed to dial \"/run/containerd/containerd.sock\"");
    pushed_add_looked_at(&p.d);
    pushed_add_export(&p.d, HEX, "");
    pushed_fails(&p, RW4003_NODE_FAILED, "ctr: failed to dial", PUSHED_ON_NONE);
}

static void test_a_node_without_space(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    pushed_add_whole(&p.d, NULL, "ctr: write x: no space left on device");
    docker_exec(&p.d, "20M of 40G\n", NULL, 0);
    pushed_fails(&p, RW4004_NODE_FULL, "20M of 40G are free", PUSHED_ON_NONE);
}

static void test_an_import_that_cannot_be_ended(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    AUTO_STR lines = pushed_asked(false, false);
    docker_created(&p.d);
    docker_says(&p.d, lines, NULL)->hold = true;
    docker_json(&p.d, 404, "{\"message\":\"No such image\"}");
    docker_json(&p.d, 500, "{\"message\":\"busy\"}");
    pushed_fails(&p, RW4101_IMAGE_NOT_BUILT, CONTENT " is on: none; not on: a", "an import may still run there");
}

static void stop_when_sending(void *ctx, const struct node_push_progress *progress)
{
    if (progress->phase == NODE_PUSH_SENDING)
        cancel_request(ctx, 0);
}

static void test_interrupted_while_it_travels(void **state)
{
    (void)state;
    AUTO_PTR(cancel) cancel = NULL;
    AUTO(pushed) p = { 0 };
    check_ok(cancel_new(&cancel));
    p.push = (struct node_push){ .wait = { .deadline_ms = clock_after(10000), .cancel = cancel },
                                 .on_progress = stop_when_sending,
                                 .ctx = cancel };
    pushed_add_whole(&p.d, NULL, "ctr: unexpected EOF");
    pushed_fails(&p, RW9009_INTERRUPTED, "interrupted", PUSHED_ON_NONE);
}

static void test_the_deadline_passes_while_it_travels(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    p.push.wait.deadline_ms = clock_after(500);
    AUTO_STR lines = pushed_asked(false, false);
    docker_created(&p.d);
    docker_says(&p.d, lines, NULL)->hold = true;
    pushed_add_looked_at(&p.d);
    pushed_add_export(&p.d, HEX, "");
    add_kill(&p.d);
    pushed_fails(&p, RW9007_DEADLINE, "", PUSHED_ON_NONE);
    assert_non_null(strstr(p.heard, "\"Cmd\":[\"kill\",\"-KILL\",\"--\",\"-7\"]"));
}

static void test_a_node_whose_cri_does_not_answer(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    docker_created(&p.d);
    docker_says(&p.d, NULL, "connect: /run/containerd/containerd.sock: connection refused\n");
    pushed_fails(&p, RW4003_NODE_FAILED, "cannot tell which images it has|connect: /run/containerd", PUSHED_ON_NONE);
    AUTO(pushed) q = { 0 };
    docker_json(&q.d, 409, "{\"message\":\"container id-a is paused\"}");
    pushed_fails(&q, RW4003_NODE_FAILED, "node a does not answer", "container id-a is paused");
    AUTO(pushed) r = { 0 };
    docker_json(&r.d, 409, "{\"message\":\"container id-a is paused\"}");
    docker_json(&r.d, 200, "{\"State\":{\"Status\":\"paused\"}}");
    pushed_fails(&r, RW4002_NODE_STOPPED, "its container is paused|" CONTENT " is on: none", "docker unpause a");
}

static struct err *waits_for_its_turn(void *ctx, int *turn, bool *waited)
{
    (void)ctx;
    (void)turn;
    *waited = true;
    return NULL;
}

/* What the push that was waited for has brought does not travel again. */
static void test_a_node_that_got_it_from_another_push(void **state)
{
    (void)state;
    AUTO(pushed) p = { .push = { .take_turn = waits_for_its_turn } };
    pushed_add_asked(&p.d, false, false);
    pushed_add_asked(&p.d, true, true);
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_HAD_IT);
    assert_int_equal(p.results.items[0].bytes_sent, 0);
    assert_null(strstr(p.heard, "/images/"));
}

static void test_a_node_that_lacks_it_after_another_push(void **state)
{
    (void)state;
    AUTO(pushed) p = { .push = { .take_turn = waits_for_its_turn } };
    pushed_add_asked(&p.d, false, false);
    pushed_add_whole(&p.d, "done\n", NULL);
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_that_has_it),
        cmocka_unit_test(test_a_node_that_lacks_one_name),
        cmocka_unit_test(test_one_of_two_nodes_is_stopped),
        cmocka_unit_test(test_every_node_is_stopped),
        cmocka_unit_test(test_a_turn_that_does_not_come),
        cmocka_unit_test(test_an_import_that_fails),
        cmocka_unit_test(test_an_import_that_ends_early),
        cmocka_unit_test(test_a_node_without_space),
        cmocka_unit_test(test_an_import_that_cannot_be_ended),
        cmocka_unit_test(test_interrupted_while_it_travels),
        cmocka_unit_test(test_the_deadline_passes_while_it_travels),
        cmocka_unit_test(test_a_node_whose_cri_does_not_answer),
        cmocka_unit_test(test_a_node_that_got_it_from_another_push),
        cmocka_unit_test(test_a_node_that_lacks_it_after_another_push),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
