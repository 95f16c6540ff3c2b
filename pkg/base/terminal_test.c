#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"

/* A terminal of our own: its two ends. */
struct pair {
    int master, slave;
};

static void pair_release(struct pair *p)
{
    close(p->master);
    close(p->slave);
}

static void pair_open(struct pair *p)
{
    p->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(p->master >= 0);
    assert_int_equal(grantpt(p->master), 0);
    assert_int_equal(unlockpt(p->master), 0);
    p->slave = open(ptsname(p->master), O_RDWR | O_NOCTTY);
    assert_true(p->slave >= 0);
}

static bool is_raw(int fd)
{
    struct termios now;
    assert_int_equal(tcgetattr(fd, &now), 0);
    return !(now.c_lflag & (ICANON | ECHO | ISIG));
}

static void until_cooked(int fd)
{
    for (int i = 0; i < 500 && is_raw(fd); i++)
        usleep(10000);
    assert_false(is_raw(fd));
}

static void test_raw_and_back(void **state)
{
    AUTO(pair) p;
    (void)state;
    pair_open(&p);
    struct terminal *t = NULL;
    assert_false(is_raw(p.slave));
    check_ok(terminal_raw(p.slave, &t));
    assert_true(is_raw(p.slave));
    terminal_free(t);
    assert_false(is_raw(p.slave));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the guard is gone, too */
    terminal_free(NULL);
}

/* A process that dies with the terminal raw, by a signal that it can't catch. */
static void test_what_dies_leaves_no_raw_terminal(void **state)
{
    static const int deaths[] = { SIGKILL, SIGSEGV, SIGTERM };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        AUTO(pair) p;
        int line[2];
        char byte;
        pair_open(&p);
        assert_int_equal(pipe(line), 0);
        pid_t child = fork();
        if (child == 0) {
            struct terminal *t = NULL;
            signal(SIGSEGV, SIG_DFL);
            if (terminal_raw(p.slave, &t) || write(line[1], "r", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        assert_int_equal(read(line[0], &byte, 1), 1);
        assert_true(is_raw(p.slave));
        assert_int_equal(kill(child, deaths[i]), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        until_cooked(p.slave);
        close(line[0]);
        close(line[1]);
    }
}

static void test_no_terminal(void **state)
{
    struct terminal *t = NULL;
    unsigned columns = 0, rows = 0;
    (void)state;
    AUTO_FD fd = open("/dev/null", O_RDWR);
    check_errno(terminal_raw(fd, &t), RW9001_FILE, ENOTTY);
    assert_null(t);
    assert_false(terminal_size(fd, &columns, &rows));
}

static void test_size_and_its_change(void **state)
{
    AUTO(pair) p;
    unsigned columns = 0, rows = 0;
    const struct winsize size = { .ws_col = 132, .ws_row = 43 };
    AUTO_FD changes = -1;
    (void)state;
    pair_open(&p);
    assert_false(terminal_size(p.slave, &columns, &rows)); /* one that tells 0 does not tell */
    assert_int_equal(ioctl(p.master, TIOCSWINSZ, &size), 0);
    assert_true(terminal_size(p.slave, &columns, &rows));
    assert_int_equal(columns, 132);
    assert_int_equal(rows, 43);
    check_ok(terminal_watch_size(&changes));
    struct pollfd one = { .fd = changes, .events = POLLIN };
    assert_int_equal(poll(&one, 1, 0), 0);
    raise(SIGWINCH);
    assert_int_equal(poll(&one, 1, 1000), 1);
    terminal_take_change(changes);
    assert_int_equal(poll(&one, 1, 0), 0);
}

static void test_streams(void **state)
{
    int line[2];
    char text[8];
    size_t len = 0;
    bool end = false;
    (void)state;
    assert_int_equal(pipe(line), 0);
    check_ok(stream_write_all(line[1], "input", 5, NULL));
    check_ok(stream_read(line[0], text, sizeof text, &len, &end));
    assert_int_equal(len, 5);
    assert_memory_equal(text, "input", 5);
    assert_false(end);
    close(line[1]);
    check_ok(stream_read(line[0], text, sizeof text, &len, &end));
    assert_true(end);
    close(line[0]);
    check_errno(stream_read(line[0], text, sizeof text, &len, &end), RW9001_FILE, EBADF);
}

static void test_closed_standard_streams_are_kept(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(STDIN_FILENO);
        close(STDERR_FILENO);
        stream_keep_standard();
        char byte;
        int next = open("/dev/null", O_RDONLY);
        bool good = read(STDIN_FILENO, &byte, 1) == 0 && write(STDERR_FILENO, "x", 1) == -1 && next > STDERR_FILENO;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_nobody_reads(void **state)
{
    int line[2];
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(line), 0);
    close(line[0]);
    check_errno(stream_write_all(line[1], "output", 6, NULL), RW9006_OUTPUT, EPIPE);
    close(line[1]);
}

/* A reader that takes nothing holds us up only until somebody says stop. */
static void test_a_write_can_be_interrupted(void **state)
{
    int line[2];
    AUTO_PTR(cancel) cancel = NULL;
    static char much[1 << 20];
    (void)state;
    check_ok(cancel_new(&cancel));
    assert_int_equal(pipe2(line, O_NONBLOCK), 0);
    cancel_request(cancel, 0);
    check_error(stream_write_all(line[1], much, sizeof much, cancel), RW9009_INTERRUPTED);
    close(line[0]);
    close(line[1]);
}

#ifdef RWML_FAULT
static void test_faults(void **state)
{
    AUTO(pair) p;
    struct terminal *t = NULL;
    unsigned columns = 0, rows = 0;
    char byte;
    size_t len;
    bool end;
    int fd = -1;
    (void)state;
    pair_open(&p);
    fault_set("terminal.guard=error(EMFILE)");
    check_errno(terminal_raw(p.slave, &t), RW9005_RESOURCES, EMFILE);
    fault_set("terminal.attributes=error(EIO)");
    check_errno(terminal_raw(p.slave, &t), RW9001_FILE, EIO);
    assert_false(is_raw(p.slave));
    fault_set("terminal.size=error(EIO)");
    assert_false(terminal_size(p.slave, &columns, &rows));
    fault_set("terminal.watch=error(EMFILE)");
    check_errno(terminal_watch_size(&fd), RW9005_RESOURCES, EMFILE);
    fault_set("terminal.read=error(EIO)");
    check_errno(stream_read(p.slave, &byte, 1, &len, &end), RW9001_FILE, EIO);
    fault_set("terminal.write=1*short->error(ENOSPC)");
    check_errno(stream_write_all(p.slave, "ab", 2, NULL), RW9006_OUTPUT, ENOSPC);
    fault_set(NULL);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_and_back), cmocka_unit_test(test_what_dies_leaves_no_raw_terminal),
        cmocka_unit_test(test_no_terminal),  cmocka_unit_test(test_size_and_its_change),
        cmocka_unit_test(test_streams),      cmocka_unit_test(test_closed_standard_streams_are_kept),
        cmocka_unit_test(test_nobody_reads), cmocka_unit_test(test_a_write_can_be_interrupted),
#ifdef RWML_FAULT
        cmocka_unit_test(test_faults),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
