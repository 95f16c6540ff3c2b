# rwml's build. `make help` lists the targets.
#
# BUILD picks a variant, each in a folder of its own: release (build/), asan (build/asan),
# fault (build/fault: with fault points, for tests only).

SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
PKG_CONFIG ?= pkg-config

LIBRARIES := libcurl yaml-0.1 jansson openssl libgit2 libarchive
BUILD ?= release
ifeq ($(BUILD),release)
OUT := build
else
OUT := build/$(BUILD)
endif

VERSION := $(shell cat VERSION)
STANDARD := -std=gnu17 -Ipkg -D_GNU_SOURCE -DRWML_VERSION='"$(VERSION)"'
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wvla -Werror
HARDEN := -fstack-protector-strong -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now
OPTIMISE := -O2 -g -D_FORTIFY_SOURCE=2
ifeq ($(BUILD),asan)
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DRWML_FAULT
endif
ifeq ($(BUILD),fault)
OPTIMISE := -O1 -g -DRWML_FAULT
endif
LIBRARY_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBRARIES))
LIBRARY_LIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES))
ALL_CFLAGS = $(STANDARD) $(WARNINGS) $(HARDEN) $(OPTIMISE) $(LIBRARY_CFLAGS) $(CFLAGS) -MMD -MP -pthread
ALL_LDFLAGS = $(LDHARDEN) $(filter -fsanitize%,$(OPTIMISE)) $(LDFLAGS) -pthread
ALL_LIBS = $(LIBRARY_LIBS) -lm

SOURCES := $(sort $(wildcard pkg/*/*.c))
TESTS := $(filter %_test.c,$(SOURCES))
LIBRARY := $(filter-out %_test.c,$(SOURCES))
COMMAND := $(sort $(filter-out %_test.c,$(wildcard cmd/rwml/*.c)))
COMMAND_TESTS := $(sort $(wildcard cmd/rwml/*_test.c))
LIBRARY_OBJECTS := $(LIBRARY:%.c=$(OUT)/obj/%.o)
COMMAND_OBJECTS := $(COMMAND:%.c=$(OUT)/obj/%.o)
TEST_PROGRAMS := $(TESTS:%.c=$(OUT)/test/%) $(COMMAND_TESTS:%.c=$(OUT)/test/%)

.PHONY: all
all: $(OUT)/rwml ## build build/rwml

$(OUT)/rwml: $(COMMAND_OBJECTS) $(LIBRARY_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Tests of a command link its other objects, without its main.
$(OUT)/test/cmd/rwml/%_test: $(OUT)/obj/cmd/rwml/%_test.o $(filter-out %/main.o,$(COMMAND_OBJECTS)) $(LIBRARY_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS) -lcmocka

$(OUT)/test/pkg/%_test: $(OUT)/obj/pkg/%_test.o $(LIBRARY_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS) -lcmocka

# Everything is built again when the compiler or its flags change.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@
FORCE:

.SECONDARY:
-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

.PHONY: tests
tests: $(TEST_PROGRAMS)

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
