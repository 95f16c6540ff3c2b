int f(void) { return read(0, 0, 0) + system("x"); }
