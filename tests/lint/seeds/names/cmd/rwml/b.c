const char *c = "rwml-34fa"; /* not: tradeshow */
