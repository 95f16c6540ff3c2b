static int counter;
int seen = 3;
static const char *const names[] = { "a", "b" };
static const int table[] = { 1, 2 };
_Thread_local int per_thread;
int f(int i)
{
    static char last[8];
    last[i] = names[i][0];
    per_thread++;
    return ++counter + seen + table[i] + last[0];
}
