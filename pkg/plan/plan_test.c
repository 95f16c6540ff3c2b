#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "fake/check.h"
#include "plan/plan.h"

static const char API[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: api}\n"
                          "spec: {containers: [{name: a, image: \"api:dev\"}]}\n";
static const char ORDERS[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: orders}\n"
                             "spec: {containers: [{name: a, image: \"order:dev\"}]}\n";

/* Two services, of which one names an image that nothing builds. */
static void unpack(const char *dir)
{
    static const char *const folders[] = { "docker", "services/api", "services/orders", "k8s/dev/api",
                                           "k8s/dev/orders" };
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        AUTO_STR folder = fs_join(dir, folders[i]);
        check_ok(fs_make_dirs(folder, 0755));
    }
    scratch_write(dir, "rwml.yaml", "");
    scratch_write(dir, "docker/Dockerfile", "FROM scratch\nARG SERVICE_NAME\n");
    scratch_write(dir, "k8s/dev/api/d.yaml", API);
    scratch_write(dir, "k8s/dev/orders/d.yaml", ORDERS);
}

/* What somebody sees who asks for neither more nor less; owned. */
static struct err *make(const char *dir, unsigned verbs, const char *service, char **said)
{
    char *const nothing[] = { NULL };
    const struct strv none = { 0 };
    AUTO(buf) text = BUF_INIT(1 << 16);
    AUTO(strv) services = { 0 };
    AUTO_STR talk = fs_join(dir, "talk");
    AUTO_FD out = open(talk, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    AUTO_PTR(ui) ui = ui_new(&(struct ui_options){ .out_fd = out, .err_fd = out });
    struct plan plan = { 0 };
    if (service)
        strv_add(&services, service);
    const struct request request = { .verbs = verbs,
                                     .directory = dir,
                                     .services = &services,
                                     .set = &none,
                                     .var_files = &none,
                                     .environment = nothing,
                                     .ui = ui };
    struct err *e = plan_make(&request, &plan);
    if (!e)
        plan_release(&plan);
    check_ok(fs_read(AT_FDCWD, talk, 1 << 16, &text));
    *said = xstrdup(buf_text(&text));
    return e;
}

static void check_warned(const char *dir, unsigned verbs, const char *service, bool wanted)
{
    AUTO_STR said = NULL;
    check_ok(make(dir, verbs, service, &said));
    bool warned = strstr(said, "warning: k8s/dev/orders is not deployed: ") && strstr(said, "did you mean orders:dev?");
    if (warned != wanted || (!wanted && *said))
        fail_msg("%s: %s", service ? service : "all", said);
}

static void test_what_all_leaves_out_is_told(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    unpack(dir);
    check_warned(dir, VERB_UP, NULL, true);
    check_warned(dir, VERB_DEPLOY, NULL, true);
    check_warned(dir, VERB_WATCH, NULL, true);
    check_warned(dir, VERB_BUILD, NULL, false);
    check_warned(dir, VERB_DEPLOY, "api", false);
}

static void test_a_slip_in_a_kustomization_is_an_error(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR said = NULL;
    AUTO_STR again = NULL;
    unpack(dir);
    scratch_write(dir, "k8s/dev/orders/kustomization.yaml", "resource: [d.yaml]\n");
    check_error(make(dir, VERB_UP, NULL, &said), RW5002_KUSTOMIZE_UNSUPPORTED);
    check_error(make(dir, VERB_UP, "orders", &again), RW5002_KUSTOMIZE_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_all_leaves_out_is_told),
        cmocka_unit_test(test_a_slip_in_a_kustomization_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
