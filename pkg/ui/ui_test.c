#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doc/doc.h"
#include "ui/error.h"
#include "ui/ui.h"

/* What was shown, in two files without names. */
struct screen {
    int out, err;
    char *out_text, *err_text; /* after look() */
};

static void open_screen(struct screen *s)
{
    *s = (struct screen){ .out = memfd_create("out", 0), .err = memfd_create("err", 0) };
}

static char *text_of(int fd)
{
    char *text = xcalloc(4096, 1);
    assert_in_range(pread(fd, text, 4095, 0), 0, 4095);
    return text;
}

static void look(struct screen *s)
{
    s->out_text = text_of(s->out);
    s->err_text = text_of(s->err);
}

static void close_screen(struct screen *s)
{
    close(s->out);
    close(s->err);
    free(s->out_text);
    free(s->err_text);
}

static struct ui *ui_on(struct screen *s, struct ui_options options)
{
    open_screen(s);
    options.out_fd = s->out;
    options.err_fd = s->err;
    return ui_new(&options);
}

static void tell(struct ui *ui, enum ui_kind kind, const char *text)
{
    ui_tell(ui, &(struct ui_event){ kind, "web", "build", -1, NULL }, "%s", text);
}

static void test_ui_results_go_to_stdout_talk_to_stderr(void **state)
{
    struct screen s;
    (void)state;
    AUTO_PTR(ui) ui = ui_on(&s, (struct ui_options){ 0 });
    tell(ui, UI_STEP, "one step");
    tell(ui, UI_RESULT, "done");
    tell(ui, UI_PROGRESS, "not for a log file");
    tell(ui, UI_DETAIL, "only with -v");
    look(&s);
    assert_string_equal(s.out_text, "web        build   done\n");
    assert_string_equal(s.err_text, "web        build   one step\n");
    close_screen(&s);
}

static void test_ui_quiet_keeps_results_and_warnings(void **state)
{
    struct screen s;
    (void)state;
    AUTO_PTR(ui) ui = ui_on(&s, (struct ui_options){ .quiet = true });
    tell(ui, UI_STEP, "one step");
    tell(ui, UI_NOTE, "a note");
    tell(ui, UI_WARNING, "careful");
    tell(ui, UI_RESULT, "done");
    look(&s);
    assert_string_equal(s.out_text, "web        build   done\n");
    assert_string_equal(s.err_text, "web        build   warning: careful\n");
    close_screen(&s);
}

static void test_ui_terminal_clears_the_running_line(void **state)
{
    struct screen s;
    (void)state;
    AUTO_PTR(ui) ui = ui_on(&s, (struct ui_options){ .terminal = true, .columns = 24 });
    tell(ui, UI_PROGRESS, "a line that is wider than the terminal");
    tell(ui, UI_STEP, "next");
    look(&s);
    assert_string_equal(s.err_text, "web        build   a li\r\033[Kweb        build   next\n");
    close_screen(&s);
}

static void test_ui_json_is_one_object_a_line(void **state)
{
    struct screen s;
    DOC_AUTO event = NULL;
    (void)state;
    AUTO_PTR(ui) ui = ui_on(&s, (struct ui_options){ .json = true });
    DOC_AUTO fields = doc_object();
    doc_set(fields, "/bytes", doc_integer(7000000000));
    ui_tell(ui, &(struct ui_event){ UI_RESULT, "web", "push", 41, fields }, "with \"quotes\" and \033 in it");
    look(&s);
    assert_string_equal(s.err_text, "");
    assert_int_equal(s.out_text[strlen(s.out_text) - 1], '\n');
    assert_null(doc_parse_json(s.out_text, strlen(s.out_text) - 1, "event", &event));
    assert_string_equal(doc_text(event, "/event"), "result");
    assert_string_equal(doc_text(event, "/service"), "web");
    assert_string_equal(doc_text(event, "/text"), "with \"quotes\" and \\x1b in it");
    assert_int_equal(doc_i64(event, "/ms", 0), 41);
    assert_int_equal(doc_i64(event, "/bytes", 0), 7000000000);
    close_screen(&s);
}

static void test_ui_finish_tells_a_full_disk(void **state)
{
    int full = open("/dev/full", O_WRONLY);
    (void)state;
    AUTO_PTR(ui) ui = ui_new(&(struct ui_options){ .out_fd = full, .err_fd = full });
    tell(ui, UI_RESULT, "lost");
    AUTO_PTR(err) e = ui_finish(ui);
    assert_non_null(e);
    assert_int_equal(err_get_code(e), RW9006_OUTPUT);
    assert_int_equal(err_errno(e), ENOSPC);
    close(full);
}

static struct err *sample_error(void)
{
    struct err *e = err_cause(err_new(RW3101_ENGINE_UNREACHABLE, "cannot reach the engine"), "refused\nagain");
    e = err_next(err_state(e, "nothing was built"), "start it");
    return err_detail(err_where(e, "a.yaml", 3, 7), "line one\nline \033two\n", strlen("line one\nline \033two\n"));
}

static void test_error_text_has_every_part(void **state)
{
    (void)state;
    AUTO_PTR(err) e = sample_error();
    AUTO_STR text = error_as_text(e, false);
    assert_string_equal(text, "error[RW3101]: cannot reach the engine\n"
                              "  cause: refused\n"
                              "         again\n"
                              "  | line one\n"
                              "  | line \\x1btwo\n"
                              "  state: nothing was built\n"
                              "  next:  start it\n"
                              "  where: a.yaml:3:7\n");
}

static void test_error_text_always_has_a_state(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_new(RW9001_FILE, "cannot read x");
    AUTO_STR text = error_as_text(e, false);
    assert_non_null(strstr(text, "\n  state: "));
}

static void test_error_text_is_sorted_and_says_nothing_twice(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_at(err_new(RW1030_VARIABLE_UNSET, "B is not set"), "b.yaml:1:1");
    e = err_join(STEAL(&e), err_at(err_new(RW1030_VARIABLE_UNSET, "A is not set"), "a.yaml:1:1"));
    e = err_join(STEAL(&e), err_at(err_new(RW1030_VARIABLE_UNSET, "B is not set"), "b.yaml:1:1"));
    AUTO_STR text = error_as_text(e, false);
    const char *a = strstr(text, "A is not set"), *b = strstr(text, "B is not set");
    assert_non_null(a);
    assert_non_null(b);
    assert_true(a < b);
    assert_null(strstr(b + 1, "B is not set"));
}

static void test_error_json_has_every_part(void **state)
{
    DOC_AUTO object = NULL;
    (void)state;
    AUTO_PTR(err) e = sample_error();
    AUTO_STR text = error_as_json(e, 3);
    assert_null(doc_parse_json(text, strlen(text) - 1, "error", &object));
    assert_string_equal(doc_text(object, "/code"), "RW3101");
    assert_string_equal(doc_text(object, "/class"), "ENV");
    assert_int_equal(doc_i64(object, "/exit", 0), 3);
    assert_string_equal(doc_text(object, "/state"), "nothing was built");
    assert_string_equal(doc_text(object, "/next/0"), "start it");
    assert_string_equal(doc_text(object, "/where"), "a.yaml:3:7");
}

static const struct ui_column columns[] = {
    { "NAME", "name", NULL }, { "SIZE", "size", NULL }, { "NODES", "nodes", "dev-" }, { "WHY", "why", NULL }
};

static void show_table(struct screen *s, bool json, const char *rows)
{
    AUTO_PTR(ui) ui = ui_on(s, (struct ui_options){ .json = json, .quiet = true });
    DOC_AUTO tree = NULL;
    assert_null(doc_parse_json(rows, strlen(rows), "test", &tree));
    ui_table(ui, "image", columns, COUNT_OF(columns), tree);
    look(s);
}

static const char table_rows[] =
    "[{\"name\":\"a\",\"size\":5000,\"nodes\":[\"dev-x\",\"dev-y\"],\"why\":[]},"
    "{\"name\":\"longer\",\"size\":7,\"nodes\":[\"other\"],\"why\":[\"\\u001b[2Jb\\nc\\t\"]}]";

static void test_ui_table_as_text(void **state)
{
    struct screen s;
    (void)state;
    show_table(&s, false, table_rows);
    assert_string_equal(s.out_text, "NAME    SIZE    NODES  WHY\n"
                                    "a       5.0 KB  x, y   -\n"
                                    "longer  7 B     other  \\x1b[2Jb\\nc\\t\n");
    assert_string_equal(s.err_text, "");
    close_screen(&s);
    show_table(&s, false, "[]");
    assert_string_equal(s.out_text, "");
    close_screen(&s);
}

static void test_ui_table_as_json(void **state)
{
    struct screen s;
    (void)state;
    show_table(&s, true, table_rows);
    assert_string_equal(
        s.out_text, "{\"event\":\"image\",\"name\":\"a\",\"size\":5000,\"nodes\":[\"dev-x\",\"dev-y\"],\"why\":[]}\n"
                    "{\"event\":\"image\",\"name\":\"longer\",\"size\":7,\"nodes\":[\"other\"],\"why\":[\"\\u001b["
                    "2Jb\\nc\\t\"]}\n");
    close_screen(&s);
}

static void show_log(struct screen *s, struct ui_options options)
{
    AUTO_PTR(ui) ui = ui_on(s, options);
    const char text[] = "see \033[2Jthis";
    ui_log(ui,
           &(struct ui_log){ "web", "web-5d4-x", "app", "2025-01-02T03:04:05.1Z", text, strlen(text), true, false });
    look(s);
    assert_false(ui_is_broken(ui));
    assert_string_equal(s->err_text, "");
}

static void test_ui_log_as_text(void **state)
{
    struct screen s;
    (void)state;
    show_log(&s, (struct ui_options){ .quiet = true });
    assert_string_equal(s.out_text, "web/web-5d4-x/app see \\x1b[2Jthis ... (cut)\n");
    close_screen(&s);
    show_log(&s, (struct ui_options){ .colour = true });
    assert_string_equal(strchr(s.out_text, 'm') + 1, "web/web-5d4-x/app\033[0m see \\x1b[2Jthis ... (cut)\n");
    close_screen(&s);
}

static void test_ui_log_alone(void **state)
{
    struct screen s;
    (void)state;
    AUTO_PTR(ui) ui = ui_on(&s, (struct ui_options){ .colour = true });
    ui_log(ui, &(struct ui_log){ .service = "web", .pod = "p", .text = "see \033", .len = 5, .bare = true });
    look(&s);
    assert_string_equal(s.out_text, "see \\x1b\n");
    close_screen(&s);
}

static void test_ui_log_as_json(void **state)
{
    struct screen s;
    (void)state;
    show_log(&s, (struct ui_options){ .json = true });
    assert_string_equal(s.out_text,
                        "{\"event\":\"log\",\"service\":\"web\",\"pod\":\"web-5d4-x\",\"container\":\"app\","
                        "\"time\":\"2025-01-02T03:04:05.1Z\",\"text\":\"see \\\\x1b[2Jthis\",\"cut\":true}\n");
    close_screen(&s);
}

static void test_ui_tells_that_nobody_reads(void **state)
{
    struct screen s;
    (void)state;
    AUTO_PTR(ui) ui = ui_on(&s, (struct ui_options){ .json = true });
    close(s.out);
    assert_false(ui_is_broken(ui));
    ui_text(ui, "x");
    assert_true(ui_is_broken(ui));
    err_ignore(ui_finish(ui), "the descriptor was closed above");
    s.out = memfd_create("out", 0);
    look(&s);
    close_screen(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ui_results_go_to_stdout_talk_to_stderr),
        cmocka_unit_test(test_ui_quiet_keeps_results_and_warnings),
        cmocka_unit_test(test_ui_terminal_clears_the_running_line),
        cmocka_unit_test(test_ui_json_is_one_object_a_line),
        cmocka_unit_test(test_ui_finish_tells_a_full_disk),
        cmocka_unit_test(test_error_text_has_every_part),
        cmocka_unit_test(test_error_text_always_has_a_state),
        cmocka_unit_test(test_error_text_is_sorted_and_says_nothing_twice),
        cmocka_unit_test(test_error_json_has_every_part),
        cmocka_unit_test(test_ui_table_as_text),
        cmocka_unit_test(test_ui_table_as_json),
        cmocka_unit_test(test_ui_log_as_text),
        cmocka_unit_test(test_ui_log_alone),
        cmocka_unit_test(test_ui_log_as_json),
        cmocka_unit_test(test_ui_tells_that_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
