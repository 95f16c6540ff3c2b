#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/net.h"

struct child {
    pid_t pid;
    int out_fd;
    int err_fd;
};

static void child_release(struct child *c)
{
    fd_closep(&c->out_fd);
    fd_closep(&c->err_fd);
}

static struct err *make_pipe(int ends[2])
{
    int fault = fault_point("proc.pipe", NULL);
    if (fault || pipe2(ends, O_CLOEXEC) != 0)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "cannot make a pipe");
    return NULL;
}

/* err_fd < 0: the child talks by our stdin and stderr. */
static int spawn_with(const char *const *argv, char *const *env, int out_fd, int err_fd, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, pipe_only;
    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe_only);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    if (err_fd >= 0) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1); /* also what our starter left open */
    int fault = fault_point("proc.spawn", NULL);
    int number =
        fault ? fault : posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, env ? env : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

static struct err *start(const char *const *argv, char *const *env, bool talks, struct child *out)
{
    int out_pipe[2], err_pipe[2] = { -1, -1 };
    TRY(make_pipe(out_pipe));
    struct err *e = talks ? NULL : make_pipe(err_pipe);
    if (e) {
        close(out_pipe[0]);
        close(out_pipe[1]);
        return e;
    }
    int number = spawn_with(argv, env, out_pipe[1], err_pipe[1], &out->pid);
    close(out_pipe[1]);
    fd_closep(&err_pipe[1]);
    out->out_fd = out_pipe[0];
    out->err_fd = err_pipe[0];
    return number ? err_sys(RW9004_PROCESS, number, "cannot start %s", argv[0]) : NULL;
}

static struct err *drain(int *fd, short got, const char *name, struct buf *into)
{
    char chunk[4096];
    size_t length;
    if (*fd < 0 || !got)
        return NULL;
    TRY(fs_read_some(*fd, name, chunk, sizeof chunk, &length));
    if (length == 0)
        fd_closep(fd);
    else if (!buf_append(into, chunk, length))
        return err_cause(err_new(RW9004_PROCESS, "%s answers too much", name), "more than %zu bytes", into->max);
    return NULL;
}

static struct err *collect(struct child *c, const char *name, struct net_wait wait, struct proc_result *out)
{
    while (c->out_fd >= 0 || c->err_fd >= 0) {
        struct net_poll ends[2] = { { .fd = c->out_fd, .want = POLLIN }, { .fd = c->err_fd, .want = POLLIN } };
        TRY(net_poll(ends, COUNT_OF(ends), wait));
        TRY(drain(&c->out_fd, c->out_fd < 0 ? 0 : ends[0].got, name, &out->out));
        TRY(drain(&c->err_fd, c->err_fd < 0 ? 0 : ends[1].got, name, &out->err));
    }
    return NULL;
}

static int exit_code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A child may close its output long before it ends, so the deadline holds here, too. */
static struct err *await_exit(pid_t pid, const char *name, struct net_wait wait, int *exit_code)
{
    enum { LOOK_MS = 5 };
    int status = 0;
    for (;;) {
        int fault = fault_point("proc.wait", NULL);
        pid_t ended = fault ? -1 : waitpid(pid, &status, WNOHANG);
        if (ended == pid) {
            *exit_code = exit_code_of(status);
            return NULL;
        }
        if (ended < 0)
            return err_sys(RW9004_PROCESS, fault ? fault : errno, "cannot wait for %s", name);
        if (clock_ms() >= wait.deadline_ms)
            return err_new(RW9007_DEADLINE, "%s does not end in time", name);
        TRY(cancel_sleep(wait.cancel, clock_earlier(wait.deadline_ms, clock_after(LOOK_MS))));
    }
}

static void kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static struct err *run(const char *const *argv, char *const *env, bool talks, struct net_wait wait,
                       struct proc_result *out)
{
    __attribute__((cleanup(child_release))) struct child c = { .out_fd = -1, .err_fd = -1 };
    AUTO(proc_result) result = { .out = BUF_INIT(LIMIT_CHILD_OUTPUT), .err = BUF_INIT(LIMIT_CHILD_OUTPUT) };
    TRY(start(argv, env, talks, &c));
    struct err *e = collect(&c, argv[0], wait, &result);
    if (!e)
        e = await_exit(c.pid, argv[0], wait, &result.exit_code);
    if (e) {
        kill_and_reap(c.pid);
        return e;
    }
    *out = result;
    result = (struct proc_result){ 0 };
    return NULL;
}

struct err *proc_run(const char *const *argv, char *const *env, int64_t deadline_ms, const struct cancel *cancel,
                     struct proc_result *out)
{
    return run(argv, env, false, (struct net_wait){ deadline_ms, cancel }, out);
}

struct err *proc_talk(const char *const *argv, char *const *env, int64_t deadline_ms, const struct cancel *cancel,
                      struct proc_result *out)
{
    return run(argv, env, true, (struct net_wait){ deadline_ms, cancel }, out);
}

bool proc_has_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static bool can_run(const char *path)
{
    return access(path, X_OK) == 0 && !fs_is_dir(AT_FDCWD, path);
}

char *proc_find(const char *command)
{
    if (strchr(command, '/'))
        return can_run(command) ? xstrdup(command) : NULL;
    AUTO_STR path = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin");
    char *rest = path, *folder;
    while ((folder = strsep(&rest, ":"))) {
        AUTO_STR program = fs_join(folder, command);
        if (folder[0] == '/' && can_run(program))
            return STEAL(&program);
    }
    return NULL;
}

void proc_result_release(struct proc_result *r)
{
    buf_release(&r->out);
    buf_release(&r->err);
}
