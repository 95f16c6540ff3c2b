/* rwml: words in, words out. The process's global things are made here and nowhere else: libcurl,
 * signals, the terminal, the exit code. */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/terminal.h"
#include "commands.h"

/* A signal handler has no other way to its token. */
static struct cancel *interrupted;

/* The first signal asks everybody to stop and clean up; the second ends at once. */
static void on_signal(int number)
{
    if (cancel_requested(interrupted))
        _exit(128 + number);
    cancel_request(interrupted, number);
}

static void catch_signals(void)
{
    static const int stopping[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < COUNT_OF(stopping); i++)
        sigaction(stopping[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* who started us may ignore it, and then no child could be waited for */
}

static size_t terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static struct ui *make_ui(const struct options *o)
{
    const char *terminal_name = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool terminal = isatty(STDERR_FILENO) && terminal_name && strcmp(terminal_name, "dumb") != 0;
    return ui_new(&(struct ui_options){
        .json = strcmp(o->output, "json") == 0,
        .quiet = o->quiet,
        .verbose = o->verbose,
        .terminal = terminal,
        .colour = terminal && isatty(STDOUT_FILENO) && !o->no_color && !(no_color && *no_color),
        .columns = terminal_columns(),
        .out_fd = STDOUT_FILENO,
        .err_fd = STDERR_FILENO,
    });
}

static struct err *run_command(const struct app *app, struct options *o, const struct command *command)
{
    const struct command *help;
    if (!o->help || command->run == cmd_help)
        return command->run(app, command);
    TRY(command_find("help", &help));
    strv_release(&o->arguments);
    strv_add(&o->arguments, command->name);
    return help->run(app, help);
}

/* What was typed, taken apart: options may stand on both sides of the command. */
struct words {
    const char *command;
    struct strv others;
};

/* Words that everybody tries: rwml, rwml --help, rwml -h, rwml --version. */
static void split_words(char *const *argv, struct words *out)
{
    size_t front = options_skip(argv);
    if (argv[0] && strcmp(argv[0], "--version") == 0) {
        out->command = "version";
        return;
    }
    out->command = argv[front] ? argv[front] : "help";
    for (size_t i = 0; argv[i]; i++)
        if (i != front)
            strv_add(&out->others, argv[i]);
}

static void words_release(struct words *w)
{
    strv_release(&w->others);
}

static int exit_code_of(const struct err *e)
{
    enum err_class cls = err_chain_class(e);
    int number = cancel_signal(interrupted);
    return cls == ERR_INTERRUPTED && number ? 128 + number : (int)cls;
}

/* Who runs a program gets its exit code, and as of docker run, podman and env 125 where it has none to give. */
static int exit_code_beside(const struct err *e, const struct command *command, int program)
{
    enum { NOT_THE_PROGRAM = 125 };
    bool runs_program = command && command->groups & FOR_PROGRAM && err_chain_class(e) != ERR_INTERRUPTED;
    if (!runs_program)
        return exit_code_of(e);
    return program ? program : NOT_THE_PROGRAM;
}

enum { BROKEN_PIPE = 128 + SIGPIPE };

/* Output that nobody reads any more (rwml … | head) is no error to tell anybody about. */
static bool is_unread(const struct err *e)
{
    return e && err_get_code(e) == RW9006_OUTPUT && err_errno(e) == EPIPE;
}

static int finish(struct ui *ui)
{
    AUTO_PTR(err) e = ui_finish(ui);
    if (!e)
        return 0;
    if (is_unread(e))
        return BROKEN_PIPE;
    e = err_state(STEAL(&e), "what was shown may be incomplete; what was done is done");
    ui_error(ui, e, ERR_LOCAL);
    return ERR_LOCAL;
}

int main(int argc, char **argv)
{
    struct cancel *cancel = NULL; /* never freed: a late signal may still look at it */
    AUTO_PTR(ui) ui = NULL;
    AUTO(options) options;
    const struct command *command = NULL;
    AUTO(words) words = { 0 };
    int exit_code = 0;

    stream_keep_standard();
    options_defaults(&options);
    split_words(argc ? argv + 1 : argv, &words);
    AUTO_PTR(err) e = command_find(words.command, &command);
    if (!e && words.others.count)
        e = options_parse(words.others.items, command->name, command->groups, &options);
    ui = make_ui(&options);
    e = err_state(STEAL(&e), "nothing was contacted");
    if (!e)
        e = cancel_new(&cancel);
    if (!e) {
        interrupted = cancel;
        catch_signals();
        curl_global_init(CURL_GLOBAL_DEFAULT);
        e = run_command(&(struct app){ &options, ui, cancel, &exit_code }, &options, command);
        curl_global_cleanup();
        if (!command->groups)
            e = err_state(STEAL(&e), "nothing was contacted");
    }
    int code = is_unread(e) ? BROKEN_PIPE : e ? exit_code_beside(e, command, exit_code) : 0;
    if (e && !is_unread(e))
        ui_error(ui, e, code);
    int finished = finish(ui);
    if (!code)
        code = finished ? finished : exit_code;
    return code;
}
