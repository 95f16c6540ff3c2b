#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "commands.h"
#include "help.h"

static struct err *parse(struct options *o, unsigned groups, const char *const *words)
{
    options_defaults(o);
    return options_parse((char *const *)words, "up", groups, o);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define UP (FOR_WORKSPACE | FOR_SERVICES | FOR_CLUSTER | FOR_DEPLOY | FOR_ROLLOUT | FOR_VARIABLES)

static void test_options_all_spellings(void **state)
{
    AUTO(options) o;
    (void)state;
    assert_null(parse(
        &o, UP, WORDS("web", "-vq", "--set", "A=1", "--set=B=2", "-Cdir", "-j", "7", "--settle", "0", "--", "--set")));
    assert_true(o.verbose && o.quiet);
    assert_int_equal(o.set.count, 2);
    assert_string_equal(o.set.items[1], "B=2");
    assert_string_equal(o.directory, "dir");
    assert_int_equal(o.jobs, 7);
    assert_int_equal(o.settle_ms, 0);
    assert_int_equal(o.timeout_ms, 300000);
    assert_int_equal(o.arguments.count, 2);
    assert_string_equal(o.arguments.items[1], "--set");
}

static void assert_refused(unsigned groups, const char *const *words, enum err_code code, const char *cause)
{
    AUTO(options) o;
    AUTO_PTR(err) e = parse(&o, groups, words);
    assert_non_null(e);
    assert_int_equal(err_get_code(e), code);
    if (cause) {
        assert_non_null(err_get_cause(e));
        assert_non_null(strstr(err_get_cause(e), cause));
    }
}

static void test_options_count_what_stands_in_front_of_the_dashes(void **state)
{
    static const struct {
        const char *words[6];
        size_t named, all;
    } rows[] = { { { "web", "--", "-c", "ls" }, 1, 3 },
                 { { "--", "ls" }, 0, 1 },
                 { { "web", "ls" }, 2, 2 },
                 { { "web", "--" }, 1, 1 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(options) o;
        assert_null(parse(&o, UP, rows[i].words));
        assert_int_equal(o.named, rows[i].named);
        assert_int_equal(o.arguments.count, rows[i].all);
    }
}

static void test_options_refuses_what_it_does_not_know(void **state)
{
    (void)state;
    assert_refused(UP, WORDS("--setle", "5s"), RW1022_UNKNOWN_OPTION, "did you mean --settle?");
    assert_refused(UP, WORDS("--qqqqqq"), RW1022_UNKNOWN_OPTION, NULL);
    assert_refused(UP, WORDS("-x"), RW1022_UNKNOWN_OPTION, NULL);
    assert_refused(FOR_WORKSPACE, WORDS("--settle", "5s"), RW1022_UNKNOWN_OPTION, NULL);
}

static void test_options_refuses_wrong_values(void **state)
{
    (void)state;
    assert_refused(UP, WORDS("--jobs", "0"), RW1020_COMMAND_LINE, NULL);
    assert_refused(UP, WORDS("--jobs", "many"), RW1020_COMMAND_LINE, NULL);
    assert_refused(UP, WORDS("--keep", "0"), RW1020_COMMAND_LINE, NULL);
    assert_refused(UP, WORDS("--prune"), RW1022_UNKNOWN_OPTION, NULL);
    assert_refused(UP, WORDS("--timeout", "5 parsecs"), RW1020_COMMAND_LINE, "DURATION");
    assert_refused(UP, WORDS("--output", "xml"), RW1020_COMMAND_LINE, "text|json");
    assert_refused(UP, WORDS("--verbose=yes"), RW1020_COMMAND_LINE, NULL);
    assert_refused(UP, WORDS("--set"), RW1020_COMMAND_LINE, NULL);
    assert_refused(UP, WORDS("-C"), RW1020_COMMAND_LINE, NULL);
}

/* A table with two rows of one name, or a value's row without its argument's name, is a mistake
 * that nobody would see otherwise. */
static void test_options_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        assert_int_equal(option_rows[i].type == OPTION_FLAG, option_rows[i].argument == NULL);
        assert_true(option_rows[i].groups != 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(option_rows[i].name, option_rows[j].name);
            assert_true(!option_rows[i].letter || option_rows[i].letter != option_rows[j].letter);
        }
    }
}

/* Whole: "--settle" does not name --set. */
static bool names_option(const char *text, const char *name)
{
    AUTO_STR spelling = xasprintf("--%s", name);
    for (const char *at = text; (at = strstr(at, spelling)); at++)
        if (strspn(at + strlen(spelling), "-abcdefghijklmnopqrstuvwxyz") == 0)
            return true;
    return false;
}

static void test_help_names_every_option_and_command(void **state)
{
    AUTO(buf) overview = BUF_INIT(1 << 20);
    AUTO(buf) man = BUF_INIT(1 << 20);
    (void)state;
    help_overview(&overview);
    help_man_page(&man);
    for (size_t i = 0; i < command_count; i++) {
        AUTO(buf) text = BUF_INIT(1 << 20);
        help_command(&commands[i], &text);
        assert_non_null(strstr(buf_text(&overview), commands[i].name));
        for (size_t j = 0; j < option_row_count; j++) {
            bool takes = option_rows[j].groups & (commands[i].groups | FOR_ALL);
            assert_int_equal(names_option(buf_text(&text), option_rows[j].name), takes);
        }
    }
    for (size_t j = 0; j < option_row_count; j++) {
        AUTO(buf) spelling = BUF_INIT(256);
        buf_adds(&spelling, "\\-\\-");
        for (const char *at = option_rows[j].name; *at; at++)
            buf_addf(&spelling, "%s%c", *at == '-' ? "\\" : "", *at);
        assert_non_null(strstr(buf_text(&man), buf_text(&spelling)));
    }
}

static void test_command_find_suggests(void **state)
{
    const struct command *command = NULL;
    (void)state;
    assert_null(command_find("deploy", &command));
    assert_string_equal(command->name, "deploy");
    AUTO_PTR(err) e = command_find("depoly", &command);
    assert_int_equal(err_get_code(e), RW1021_UNKNOWN_COMMAND);
    assert_string_equal(err_get_cause(e), "did you mean deploy?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_all_spellings),
        cmocka_unit_test(test_options_count_what_stands_in_front_of_the_dashes),
        cmocka_unit_test(test_options_refuses_what_it_does_not_know),
        cmocka_unit_test(test_options_refuses_wrong_values),
        cmocka_unit_test(test_options_table_is_sound),
        cmocka_unit_test(test_help_names_every_option_and_command),
        cmocka_unit_test(test_command_find_suggests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
