int f(void) { return open("tests may", 0); }
