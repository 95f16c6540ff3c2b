#include "base/fault.h"

#ifdef RWML_FAULT

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The only mutable state of the tree, in builds for tests only: how often each point was hit. */
enum { POINTS = 32, NAME_BYTES = 32 };
static struct {
    char name[NAME_BYTES];
    long hits;
} counters[POINTS];
static pthread_mutex_t counters_mutex = PTHREAD_MUTEX_INITIALIZER;

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
        if (known && strncmp(name, "SIG", 3) == 0 && strcmp(known, name + 3) == 0)
            return number;
    }
    misspelt(name);
    return 0;
}

static int act(const char *action, size_t *len)
{
    char argument[NAME_BYTES];
    long ms;
    if (strcmp(action, "off") == 0)
        return 0;
    if (sscanf(action, "error(%31[A-Z0-9])", argument) == 1)
        return error_number(argument);
    if (strcmp(action, "kill") == 0)
        raise(SIGKILL);
    if (sscanf(action, "signal(%31[A-Z0-9])", argument) == 1)
        return raise(signal_number(argument));
    if (sscanf(action, "delay(%ld)", &ms) == 1)
        return nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
    if (strcmp(action, "short") != 0)
        misspelt(action);
    if (len && *len > 1)
        *len = 1;
    return 0;
}

/* terms: "3*off->error(EIO)". The term that the hit-th hit falls into decides. */
static int act_on_hit(char *terms, long hit, size_t *len)
{
    for (char *term = terms; term;) {
        char *following = strstr(term, "->");
        if (following)
            *following = '\0';
        long times = 0;
        int used = 0;
        bool limited = sscanf(term, "%ld*%n", &times, &used) == 1 && used > 0;
        if (!limited || hit <= times)
            return act(limited ? term + used : term, len);
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
            char terms[256];
            snprintf(terms, sizeof terms, "%.*s", (int)(length - name_length - 1), entry + name_length + 1);
            return act_on_hit(terms, count_hit(point), len);
        }
        entry += length + (entry[length] == ';');
    }
    return 0;
}

#endif
