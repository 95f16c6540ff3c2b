#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/net.h"

/* As the kernel writes it, in the byte order of this machine (tcp4_seq_show). */
static void as_in_table(const struct sockaddr_in *a, char *out, size_t room)
{
    snprintf(out, room, "%08X:%04X", (unsigned)a->sin_addr.s_addr, (unsigned)ntohs(a->sin_port));
}

/* "  1: 0100007F:A2C4 0100007F:1F90 05 00000000:00000000 00:00000000 00000000  1000 0 31337 …": the socket's own
 * address is the first, its owner's inode the tenth word. */
static bool is_orphan(const char *line, const char *own, const char *other)
{
    const char *words[10] = { NULL };
    size_t count = 0;
    for (const char *at = line; count < COUNT_OF(words) && *at; count++) {
        at += strspn(at, " ");
        words[count] = at;
        at += strcspn(at, " \n");
    }
    return count == COUNT_OF(words) && str_starts(words[1], own) && str_starts(words[2], other) &&
           str_starts(words[9], "0 ");
}

static bool is_in(FILE *table, const char *own, const char *other)
{
    char line[512];
    while (fgets(line, sizeof line, table))
        if (is_orphan(line, own, other))
            return true;
    return false;
}

bool net_peer_is_gone(int fd)
{
    struct sockaddr_in ours, peers;
    socklen_t ours_len = sizeof ours, peers_len = sizeof peers;
    char own[32], other[32];
    if (fault_point("net.peer", NULL) || getsockname(fd, (struct sockaddr *)&ours, &ours_len) != 0 ||
        getpeername(fd, (struct sockaddr *)&peers, &peers_len) != 0 || ours.sin_family != AF_INET)
        return false;
    FILE *table = fopen("/proc/net/tcp", "re");
    if (!table)
        return false;
    as_in_table(&ours, other, sizeof other);
    as_in_table(&peers, own, sizeof own);
    bool gone = is_in(table, own, other);
    fclose(table);
    return gone;
}
