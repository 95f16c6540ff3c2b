int f(void) { puts(getenv("X")); return fork(); }
