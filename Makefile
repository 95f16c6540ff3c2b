# rwml's build. `make help` lists the targets.
#
# BUILD picks a variant, each in a folder of its own, so that none makes another build again:
#   release  build/         what is installed
#   clang    build/clang    the same by clang; `make lint` compiles it for its warnings
#   asan     build/asan     ASan and UBSan, with fault points
#   fault    build/fault    with fault points: what tests/e2e breaks on purpose

SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
PKG_CONFIG ?= pkg-config
INSTALL ?= install
BUILD ?= release

VARIANTS := release clang asan fault
ifeq ($(filter $(BUILD),$(VARIANTS)),)
$(error BUILD=$(BUILD) is none of: $(VARIANTS))
endif
OUT := build$(if $(filter-out release,$(BUILD)),/$(BUILD))
ifeq ($(origin CC),default)
CC := $(if $(filter clang,$(BUILD)),clang,gcc)
endif

VERSION := $(shell cat VERSION)
STANDARD := -std=gnu17 -Ipkg -D_GNU_SOURCE -DRWML_VERSION='"$(VERSION)"'
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wvla -Werror
HARDEN := -fstack-protector-strong -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
OPTIMISE := -O2 -g -D_FORTIFY_SOURCE=2
ifeq ($(BUILD),asan)
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DRWML_FAULT
endif
ifeq ($(BUILD),fault)
OPTIMISE := -O1 -g -DRWML_FAULT
endif

# pkg-config is asked once, and only when something is compiled: `make help` and `make test` work
# on a machine that has no libraries yet.
LIBRARIES := libcurl yaml-0.1 jansson openssl libgit2 libarchive libmicrohttpd
LIBRARY_CFLAGS = $(eval LIBRARY_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES)))$(LIBRARY_CFLAGS)
# libwslay has no .pc file in Debian.
LIBRARY_LIBS = $(eval LIBRARY_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -lwslay)$(LIBRARY_LIBS)
ALL_CFLAGS = $(STANDARD) $(WARNINGS) $(HARDEN) $(OPTIMISE) $(LIBRARY_CFLAGS) $(CFLAGS) -MMD -MP -pthread
ALL_LDFLAGS = $(LDHARDEN) $(filter -fsanitize%,$(OPTIMISE)) $(LDFLAGS) -pthread

# Tests stand beside the code as *_test.c; tests/fake holds what several of them share.
SOURCES := $(sort $(wildcard pkg/*/*.c cmd/*/*.c tests/fake/*.c))
TESTS := $(filter %_test.c,$(SOURCES))
OBJECTS := $(SOURCES:%.c=$(OUT)/obj/%.o)
CODE_OBJECTS := $(filter-out %_test.o,$(OBJECTS))
# Files that rwml carries along as bytes.
EMBEDDED := $(OUT)/obj/cmd/rwml/helper_program.o $(OUT)/obj/pkg/node/session_script.o
PKG_OBJECTS := $(filter $(OUT)/obj/pkg/%,$(CODE_OBJECTS) $(EMBEDDED))
CMD_OBJECTS := $(filter $(OUT)/obj/cmd/rwml/%,$(CODE_OBJECTS) $(EMBEDDED))
# What a test program takes its objects from: everything but main.
TESTABLE := $(filter-out $(OUT)/obj/cmd/%/main.o,$(CODE_OBJECTS)) $(EMBEDDED)
TEST_PROGRAMS := $(TESTS:%.c=$(OUT)/test/%)

.PHONY: all
all: $(OUT)/rwml ## build build/rwml

# `make V=1` shows the commands instead of one word for each.
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$@';)

$(OUT)/rwml: $(CMD_OBJECTS) $(PKG_OBJECTS)
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBRARY_LIBS)

# The helper runs in a build step of the engine, where no library is: linked statically, without the
# sanitizers, and put into rwml as bytes.
HELPER_FLAGS := $(STANDARD) $(WARNINGS) -O2 -ffunction-sections -fdata-sections -fstack-protector-strong
HELPER_SOURCES := $(filter-out %_test.c,$(sort $(wildcard cmd/rwml-delta/*.c pkg/tree/*.c pkg/tar/*.c pkg/base/*.c)))
HELPER_OBJECTS := $(HELPER_SOURCES:%.c=build/helper/obj/%.o)
HELPER_CC ?= gcc
build/helper/obj/%.o: %.c build/helper/flags
	@mkdir -p $(@D)
	$(call say,cc)$(HELPER_CC) $(HELPER_FLAGS) -MMD -MP -pthread -c -o $@ $<
build/helper/rwml-delta: $(HELPER_OBJECTS)
	$(call say,link)$(HELPER_CC) -static -Wl,--gc-sections -s -pthread -o $@ $^ -larchive
$(OUT)/obj/cmd/rwml/helper_program.o: build/helper/rwml-delta
$(OUT)/obj/pkg/node/session_script.o: pkg/node/session.sh
$(EMBEDDED): $(OUT)/obj/%.o: %.S
	@mkdir -p $(@D)
	$(call say,as)$(CC) -fPIE -c -o $@ $<

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(ALL_CFLAGS) $(if $(filter tests/% %_test.c,$<),-Itests) -c -o $@ $<

# Quick append, since packages have files of the same name and "replace" would keep the last.
$(OUT)/testable.a: $(TESTABLE) $(OUT)/testable.list
	@rm -f $@
	$(call say,ar)ar qcs $@ $(TESTABLE)

$(OUT)/test/%: $(OUT)/obj/%.o $(OUT)/testable.a
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBRARY_LIBS) -lcmocka

# Written only when the text has changed: another compiler or flag builds everything again, a
# source file that is gone leaves the archive.
write_if_changed = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' >$@
$(OUT)/flags: FORCE
	$(call write_if_changed,$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS))
build/helper/flags: FORCE
	$(call write_if_changed,$(HELPER_CC) $(HELPER_FLAGS))
$(OUT)/testable.list: FORCE
	$(call write_if_changed,$(TESTABLE))
.PHONY: FORCE

.SECONDARY:
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d) $(HELPER_OBJECTS:.o=.d)

.PHONY: objects tests
objects: $(OBJECTS)
tests: $(TEST_PROGRAMS)

# These scripts call make on their own, with their own -j: they are no part of this make, so that
# `make -n` runs none of them and nothing warns about a jobserver that is not theirs.
alone := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL

.PHONY: unit
unit: ## run the unit tests; BUILD=asan runs them under ASan and UBSan
	@$(alone) tests/run/unit.sh $(BUILD) $(OUT) $(TEST_PROGRAMS)

.PHONY: lint
lint: ## hold the tree to its rules: layers, warnings of gcc and clang, banned calls, ...
	@$(alone) tests/lint/run.sh

.PHONY: format
format: ## lay the C sources out as `make lint` wants them
	@clang-format -i $(sort $(wildcard pkg/*/*.[ch] cmd/*/*.[ch] tests/fake/*.[ch]))

.PHONY: test
test: ## install what is needed, then lint, unit tests (also under ASan, also on Debian 13), tests/e2e
	@$(alone) tests/run/all.sh

.PHONY: test-trixie
test-trixie: ## build, lint and unit tests in a Debian 13 chroot; needs root
	@$(alone) tests/run/trixie.sh

.PHONY: test-engines
test-engines: ## build and push against Docker 20.10 to 29, both image stores, containerd 1.6 to 2.1
	@$(alone) tests/e2e/engines -a

.PHONY: test-clean
test-clean: ## remove the cluster that the end-to-end tests keep
	@tests/e2e/clean

.PHONY: bench
bench: ## one edited line to a ready pod, one changed layer to the nodes, deploys: rwml against docker, kind, kubectl
	@scripts/packages.sh build cluster
	@$(MAKE) --no-print-directory all
	@$(alone) tests/e2e/bench-edit
	@$(alone) tests/e2e/bench-push
	@$(alone) tests/e2e/bench-files
	@$(alone) tests/e2e/bench-first
	@$(alone) tests/e2e/bench-store
	@$(alone) tests/e2e/bench-deploy

.PHONY: demo
demo: ## install what is needed, set up a cluster with Kafka, bring the sample services up
	@scripts/packages.sh build cluster
	@$(MAKE) --no-print-directory all
	@$(alone) scripts/onboard.sh
	@echo; echo 'candles, as they are in Kafka:'; scripts/kafka-read.sh candles
	@. scripts/common.sh; set -x; docker exec "$$(cluster_of_checkout)-control-plane" crictl images | grep trades

# The sample's image, by the name that the guide gives these three.
.PHONY: build-for-dev push-for-dev deploy-for-dev
build-for-dev: ## rwml build "$(service)"
push-for-dev: ## rwml push "$(service)"
deploy-for-dev: ## rwml deploy "$(service)"
build-for-dev push-for-dev deploy-for-dev:
	@[ -n "$(service)" ] || { echo "make $@: name the service, as in: make $@ service=trades" >&2; exit 2; }
	@$(MAKE) --no-print-directory -s all
	@build/rwml $(@:-for-dev=) "$(service)"

.PHONY: install uninstall
install: all ## into DESTDIR and PREFIX (default /usr/local)
	$(INSTALL) -D -m 0755 $(OUT)/rwml $(DESTDIR)$(PREFIX)/bin/rwml
	set -o pipefail; $(OUT)/rwml help man | $(INSTALL) -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man1/rwml.1
uninstall: ## remove what `make install` put there
	rm -f $(DESTDIR)$(PREFIX)/bin/rwml $(DESTDIR)$(PREFIX)/share/man/man1/rwml.1

.PHONY: clean
clean: ## remove what was built: the folder build
	rm -rf build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
