/* open("in a comment") */
static const char text[] = "read(in a string)";
static void f(struct s *p)
{
    p->write(1);
    int fd = open("x", 0);
    strcpy(a, b);
    my_open(1); // poll(in a comment)
    char quote = '"'; rename("a", "b");
    getenv("HOME");
    x = sprintf (a, "b");
}
