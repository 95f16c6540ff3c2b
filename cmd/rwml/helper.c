#include "helper.h"

extern const unsigned char helper_bytes[];
extern const unsigned char helper_end[];

/* As uname(2) says it, which engines tell of their machine. */
#if defined(__x86_64__)
static const char ARCHITECTURE[] = "x86_64";
#elif defined(__aarch64__)
static const char ARCHITECTURE[] = "aarch64";
#else
static const char ARCHITECTURE[] = "unknown";
#endif

struct node_helper helper_program(void)
{
    return (struct node_helper){ helper_bytes, (size_t)(helper_end - helper_bytes), ARCHITECTURE };
}
