#include "base/fault.h"

#ifdef RWML_FAULT

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"

/* The only mutable state of pkg/, in builds for tests only: how often each point was hit. */
enum { POINTS = 32, NAME_BYTES = 32 };
static struct {
    char name[NAME_BYTES];
    long hits;
} counters[POINTS];
static pthread_mutex_t counters_mutex = PTHREAD_MUTEX_INITIALIZER;

void fault_set(const char *setting)
{
    pthread_mutex_lock(&counters_mutex);
    memset(counters, 0, sizeof counters);
    if (setting)
        setenv("RWML_FAULT", setting, 1);
    else
        unsetenv("RWML_FAULT");
    pthread_mutex_unlock(&counters_mutex);
}

static long count_hit(const char *point)
{
    long hits = 0;
    pthread_mutex_lock(&counters_mutex);
    for (size_t i = 0; i < POINTS; i++) {
        if (!counters[i].name[0])
            snprintf(counters[i].name, NAME_BYTES, "%s", point);
        if (strcmp(counters[i].name, point) == 0) {
            hits = ++counters[i].hits;
            break;
        }
    }
    pthread_mutex_unlock(&counters_mutex);
    return hits;
}

static void misspelt(const char *what)
{
    fprintf(stderr, "RWML_FAULT: cannot read \"%s\"\n", what);
    exit(2);
}

static int error_number(const char *name)
{
    for (int number = 1; number < 200; number++) {
        const char *known = strerrorname_np(number);
        if (known && strcmp(known, name) == 0)
            return number;
    }
    misspelt(name);
    return 0;
}

static int signal_number(const char *name)
{
    for (int number = 1; number < 32; number++) {
        const char *known = sigabbrev_np(number);
        if (known && str_starts(name, "SIG") && strcmp(known, name + 3) == 0)
            return number;
    }
    misspelt(name);
    return 0;
}

static void wait_ms(const char *argument)
{
    int64_t ms;
    if (!num_i64(argument, 0, 600000, &ms))
        misspelt(argument);
    for (int64_t until = clock_after(ms); clock_ms() < until;)
        usleep(1000);
}

/* action: "error(EIO)", split here into its name and what stands in the brackets. */
static int act(char *action, size_t *len)
{
    char *argument = strchr(action, '(');
    if (argument && str_ends(argument, ")")) {
        argument[strlen(argument) - 1] = '\0';
        *argument++ = '\0';
    }
    if (strcmp(action, "off") == 0)
        return 0;
    if (strcmp(action, "error") == 0 && argument)
        return error_number(argument);
    if (strcmp(action, "kill") == 0)
        raise(SIGKILL);
    else if (strcmp(action, "signal") == 0 && argument)
        raise(signal_number(argument));
    else if (strcmp(action, "delay") == 0 && argument)
        wait_ms(argument);
    else if (strcmp(action, "short") != 0)
        misspelt(action);
    else if (len && *len > 1)
        *len = 1;
    return 0;
}

/* "3*off": *times is 3 and the result is "off"; a term without a number holds for ever. */
static char *action_of(char *term, int64_t *times)
{
    char *star = strchr(term, '*');
    *times = INT64_MAX;
    if (!star)
        return term;
    *star = '\0';
    if (!num_i64(term, 1, INT32_MAX, times))
        misspelt(term);
    return star + 1;
}

/* terms: "3*off->error(EIO)". The term that the hit-th hit falls into decides. */
static int act_on_hit(char *terms, int64_t hit, size_t *len)
{
    for (char *term = terms; term;) {
        char *following = strstr(term, "->");
        if (following)
            *following = '\0';
        int64_t times;
        char *action = action_of(term, &times);
        if (hit <= times)
            return act(action, len);
        hit -= times;
        term = following ? following + 2 : NULL;
    }
    return 0;
}

int fault_point(const char *point, size_t *len)
{
    const char *setting = getenv("RWML_FAULT");
    if (!setting)
        return 0;
    size_t name_length = strlen(point);
    for (const char *entry = setting; *entry;) {
        size_t length = strcspn(entry, ";");
        if (length > name_length && strncmp(entry, point, name_length) == 0 && entry[name_length] == '=') {
            AUTO_STR terms = xstrndup(entry + name_length + 1, length - name_length - 1);
            return act_on_hit(terms, count_hit(point), len);
        }
        entry += length + (entry[length] == ';');
    }
    return 0;
}

#endif
