size_t needs_stddef(void);
