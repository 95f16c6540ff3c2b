#include "base/entropy.h"

#include <errno.h>
#include <sys/random.h>

#include "base/fault.h"

struct err *entropy_bytes(void *to, size_t len)
{
    int fault = fault_point("entropy.get", NULL);
    /* So few bytes come whole and are not interrupted, getrandom(2). */
    if (fault || getrandom(to, len, 0) != (ssize_t)len)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "the kernel gives no random bytes");
    return NULL;
}

struct err *entropy_hex(char out[ENTROPY_HEX_ROOM])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[(ENTROPY_HEX_ROOM - 1) / 2];
    TRY(entropy_bytes(raw, sizeof raw));
    for (size_t i = 0; i < sizeof raw; i++) {
        out[2 * i] = hex[raw[i] >> 4];
        out[2 * i + 1] = hex[raw[i] & 15];
    }
    out[ENTROPY_HEX_ROOM - 1] = '\0';
    return NULL;
}
