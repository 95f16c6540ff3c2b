#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "flow/verbs.h"

#define LOST                                                                                                           \
    "{\"errorDetail\":{\"message\":\"failed to prepare extraction snapshot \\\"extract-1 sha256:b\\\": parent "        \
    "snapshot sha256:f does not exist: not found\"}}\r\n"
#define BUILT "{\"id\":\"moby.image.id\",\"aux\":{\"ID\":\"sha256:abc\"}}\r\n"

/* The build of a service of one image, for which d has the answers. */
struct scene {
    struct docker d;
    struct request request;
    struct workspace workspace;
    struct service_image image;
    struct service service;
    struct plan_item item;
    struct plan plan;
    struct job job;
};

static void scene_release(struct scene *s)
{
    ui_free(s->request.ui);
    strv_release(&s->job.built);
    free(s->image.reference);
    free(s->image.dockerfile);
    free(s->image.context);
    free(s->service.name);
    docker_release(&s->d);
}

/* What rwml says goes to the file talk; *heard is what the engine was asked. */
static struct err *build(struct scene *s, const char *dir, char **heard)
{
    AUTO_FD root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_STR talk = fs_join(dir, "talk");
    AUTO_FD out = open(talk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    scratch_write(dir, "Dockerfile", "FROM scratch\n");
    docker_start(&s->d);
    s->request.ui = ui_new(&(struct ui_options){ .out_fd = out, .err_fd = out });
    s->workspace.root_fd = root;
    s->image = (struct service_image){
        .reference = xstrdup("app:dev"), .dockerfile = xstrdup("Dockerfile"), .context = xstrdup("."), .rule = "D0"
    };
    s->service = (struct service){ .name = xstrdup("app"), .images = &s->image, .image_count = 1 };
    s->item.service = &s->service;
    s->plan.workspace = &s->workspace;
    s->job.request = &s->request;
    s->job.plan = &s->plan;
    s->job.item = &s->item;
    s->job.engine = s->d.engine;
    struct err *e = job_build(&s->job);
    size_t len = 0;
    *heard = docker_stop_bytes(&s->d, &len);
    for (size_t i = 0; i < len; i++) /* tars have NULs */
        (*heard)[i] = (*heard)[i] ? (*heard)[i] : '.';
    return e;
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        found++;
    return found;
}

static void check_said(const char *dir, const char *what, size_t times)
{
    AUTO(buf) text = BUF_INIT(SIZE_MAX);
    AUTO_STR talk = fs_join(dir, "talk");
    check_ok(fs_read(AT_FDCWD, talk, 1 << 16, &text));
    if (count(buf_text(&text), what) != times)
        fail_msg("not %zu times \"%s\": %s", times, what, buf_text(&text));
}

/* The second time with the whole context again, since a context can be read once. */
static void test_a_lost_layer_is_built_again(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO_STR dir = scratch_new();
    AUTO_STR heard = NULL;
    docker_json(&s.d, 200, LOST);
    docker_json(&s.d, 200, BUILT);
    docker_json(&s.d, 200, "{\"Id\":\"sha256:abc\",\"Size\":6}");
    check_ok(build(&s, dir, &heard));
    assert_int_equal(count(heard, "POST /build?"), 2);
    assert_int_equal(count(heard, "FROM scratch"), 2);
    assert_int_equal(s.job.built.count, 1);
    assert_string_equal(s.job.built.items[0], "sha256:abc");
    assert_null(strstr(heard, "nocache=1"));
    check_said(dir, "the engine lost a layer of app:dev; building again\n", 1);
    check_said(dir, "app:dev is abc, 6 B", 1);
}

/* The last time without the build cache, since that is where it is looked for. */
static void test_a_layer_that_is_lost_each_time(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO_STR dir = scratch_new();
    AUTO_STR heard = NULL;
    for (int i = 0; i < 4; i++)
        docker_json(&s.d, 200, LOST);
    AUTO_PTR(err) e = build(&s, dir, &heard);
    assert_int_equal(err_get_code(e), RW3205_ENGINE_LOST_LAYER);
    assert_non_null(strstr(err_get_state(e), "nodes and cluster unchanged"));
    assert_int_equal(count(heard, "POST /build?"), 3);
    assert_int_equal(count(heard, "nocache=1"), 1);
    assert_int_equal(s.job.built.count, 0);
    check_said(dir, "; building again, without the build cache\n", 1);
    check_said(dir, "app:dev is", 0);
}

static void test_other_errors_are_no_reason_to_build_again(void **state)
{
    (void)state;
    static const char *const answers[] = { "{\"errorDetail\":{\"message\":\"failed to solve: boom\"}}\r\n", "" };
    static const enum err_code codes[] = { RW3201_BUILD_FAILED, RW3104_ENGINE_GONE };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        AUTO(scene) s = { 0 };
        AUTO_STR dir = scratch_new();
        AUTO_STR heard = NULL;
        docker_json(&s.d, 200, answers[i]);
        docker_json(&s.d, 200, BUILT);
        check_error(build(&s, dir, &heard), codes[i]);
        assert_int_equal(count(heard, "POST /build?"), 1);
        check_said(dir, "building again", 0);
    }
}

static void check_where(const char *answer, const char *where)
{
    AUTO(scene) s = { 0 };
    AUTO_STR dir = scratch_new();
    AUTO_STR heard = NULL;
    docker_json(&s.d, 200, answer);
    AUTO_PTR(err) e = build(&s, dir, &heard);
    assert_string_equal(err_get_where(e), where);
}

static void test_a_build_that_fails_names_its_dockerfile(void **state)
{
    (void)state;
    check_where("{\"errorDetail\":{\"message\":\"dockerfile parse error line 2: unknown instruction: WORKDR\"}}\r\n",
                "Dockerfile:2");
    check_where("{\"errorDetail\":{\"message\":\"dockerfile parse error on line 12: x\"}}\r\n", "Dockerfile:12");
    check_where("{\"errorDetail\":{\"message\":\"failed to solve: boom\"}}\r\n", "Dockerfile");
}

/* What the name means now is not pushed as what was built. */
static void test_a_name_that_moves_behind_the_build(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO_STR dir = scratch_new();
    AUTO_STR heard = NULL;
    docker_json(&s.d, 200, BUILT);
    docker_json(&s.d, 200, "{\"Id\":\"sha256:abc\",\"Size\":6}");
    check_ok(build(&s, dir, &heard));
    AUTO(docker) later = { 0 };
    docker_json(&later, 200, "{\"Id\":\"sha256:def\",\"Size\":6}");
    docker_json(&later, 200, "{}");
    docker_start(&later);
    s.job.engine = later.engine;
    check_says(job_find_images(&s.job), RW4202_IMAGE_MISMATCH, "built sha256:abc, got sha256:def");
    s.job.engine = NULL;
    job_release(&s.job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_layer_is_built_again),
        cmocka_unit_test(test_a_layer_that_is_lost_each_time),
        cmocka_unit_test(test_other_errors_are_no_reason_to_build_again),
        cmocka_unit_test(test_a_build_that_fails_names_its_dockerfile),
        cmocka_unit_test(test_a_name_that_moves_behind_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
