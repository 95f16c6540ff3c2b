#!/usr/bin/env bash
# A system call with an outcome is made by pkg/base only, where a fault point stands before it;
# functions that can't be used safely, and what belongs to cmd (environment, output), by nobody
# else. Tests do as they like.
. "$(dirname "$0")/lib.sh"

BANNED='strcpy|strcat|strncat|strncpy|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|strtok_r|scanf|sscanf|fscanf'
BANNED+='|system|popen|mktemp|tmpnam|tempnam|alloca|strerror_r|setenv|putenv|unsetenv|vfork|asctime|ctime|localtime|gmtime'
SYSTEM='open|openat|openat2|creat|read|pread|readv|write|pwrite|writev|close|socket|socketpair|bind|listen|accept|accept4'
SYSTEM+='|connect|recv|recvfrom|recvmsg|send|sendto|sendmsg|shutdown|poll|ppoll|select|pselect|epoll_[a-z0-9_]+|eventfd'
SYSTEM+='|pipe|pipe2|rename|renameat|renameat2|unlink|unlinkat|remove|rmdir|mkdir|mkdirat|stat|lstat|fstat|fstatat|statx'
SYSTEM+='|access|faccessat|readlink|readlinkat|realpath|symlink|symlinkat|link|linkat|chmod|fchmod|chown|fchown|truncate'
SYSTEM+='|ftruncate|fsync|fdatasync|flock|lockf|fcntl|mmap|opendir|fdopendir|readdir|scandir|nftw|fts_open|glob|fopen|fdopen'
SYSTEM+='|freopen|fread|getline|mkstemp|mkostemp|mkdtemp|tmpfile|fork|exec[a-z]+|posix_spawnp?|waitpid|wait|kill|raise'
SYSTEM+='|nanosleep|usleep|sleep|clock_gettime|gettimeofday|time|getaddrinfo|gethostbyname|syscall|ioctl|dlopen|malloc|calloc'
SYSTEM+='|realloc|strdup|strndup|asprintf|vasprintf'
EDGE='exit|_exit|abort|getenv|secure_getenv|printf|vprintf|puts|putchar|perror|signal|sigaction'

mapfile -t all < <(c_files | grep -E '^(pkg|cmd)/' | grep -v '_test\.c$')
c_code "${all[@]}" | awk -v banned="$BANNED" -v system_calls="$SYSTEM" -v edge="$EDGE" '
function calls(names) { return match(code, "(^|[^A-Za-z0-9_.>])(" names ")[ \t]*\\(") }
function called(    name) { name = substr(code, RSTART, RLENGTH); gsub(/[^A-Za-z0-9_]/, "", name); return name "()" }
{
    place = $1; file = place; sub(/:.*/, "", file)
    code = substr($0, length(place) + 2)
    in_base = file ~ /^pkg\/base\//
    in_cmd = file ~ /^cmd\//
    if (file == "pkg/base/fault.c" || file == "pkg/base/fault.h") next # builds for tests only
    if (calls(banned)) print place " " called() " is banned"
    if (!in_base && file != "cmd/rwml/main.c" && calls(system_calls)) print place " " called() " belongs to pkg/base"
    if (!in_base && !in_cmd && calls(edge)) print place " " called() " belongs to cmd"
}' | finish
