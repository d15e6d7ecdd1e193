# make            the programs, in build/
# make run        a whole search on real images, on this machine; FRESH=1 forgets an earlier one
# make test       installs what the tests need, then make check, plain and sanitized
# make check      every test on one build; TESTS='tests/unit/test_arch.c ...' for some
# make valgrind   a step of each network under memcheck (needs valgrind; some minutes)
# make fuzz       one parser, as long as you like: TARGET=wire TIME=3600
# make chaos      everything broken, for as long as you like: STORIES=1000 SCHEDULES=10000 SEED=1
# make bench      speed, beside peers and limits; BENCH="store throughput" for some
# make install    PREFIX=/usr/local DESTDIR=, systemd units included
# make format     clang-format over the tree
# SAN=address,undefined with any of them: sanitized objects, in build-san/

PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
SAN    ?=
BUILD  ?= build$(if $(SAN),-san)

# ---- nothing below needs an edit for a new file ----

PACKAGES := libuv libzmq libprotobuf-c sqlite3 libsodium yaml-0.1 jansson zlib openblas
PROGRAMS := $(addprefix $(BUILD)/,layernas-coordinator layernas-worker layernas-status \
                         layernas-compare)

# Kept apart from CFLAGS so that `make CFLAGS=-O0` loses none of it.
FLAGS = -std=gnu11 -D_GNU_SOURCE -I. -I$(BUILD) -MMD -MP -ffp-contract=off \
        -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        $(PACKAGE_CFLAGS) $(SANITIZE)
# --as-needed: only the worker needs OpenBLAS, which starts threads when it is loaded.
LIBS  = -Wl,--as-needed $(PACKAGE_LIBS) -lm -lpthread
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

objects  = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(addsuffix /*.c,$(1))))
archives = $(patsubst %,$(BUILD)/%.a,$(1))

MAINS := $(patsubst %,$(BUILD)/%/main.o,coordinator coordinator/compare coordinator/status/show worker)

all: $(if $(PACKAGE_LIBS),,say-what-is-missing) $(PROGRAMS)

say-what-is-missing:
	@echo "layernas: libraries are missing; 'make dependencies' installs them" >&2; exit 1

# A folder's programs see its own archive and those below it: common <- proto <- the rest. Neither
# the coordinator nor the worker can link the other's objects: a call across fails here.
$(BUILD)/layernas-coordinator: $(BUILD)/coordinator/main.o $(call archives,coordinator show proto common)
$(BUILD)/layernas-worker:      $(BUILD)/worker/main.o $(call archives,worker proto common)
$(BUILD)/layernas-status:      $(BUILD)/coordinator/status/show/main.o $(call archives,show proto common)
$(BUILD)/layernas-compare:     $(BUILD)/coordinator/compare/main.o \
                               $(call archives,compare coordinator show proto common)

$(BUILD)/common.a:      $(call objects,common)
$(BUILD)/proto.a:       $(call objects,proto) $(BUILD)/proto/layernas.pb-c.o
$(BUILD)/coordinator.a: $(filter-out $(MAINS),$(call objects,coordinator coordinator/search \
                          coordinator/ledger coordinator/status))
$(BUILD)/compare.a:     $(filter-out $(MAINS),$(call objects,coordinator/compare))
$(BUILD)/show.a:        $(filter-out $(MAINS),$(call objects,coordinator/status/show))
$(BUILD)/worker.a:      $(filter-out $(MAINS),$(call objects,worker worker/evaluate worker/engine \
                          worker/data))

$(PROGRAMS):
	$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/proto/layernas.pb-c.h
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CFLAGS) -c -o $@ $<

# The engine's inner loops are what a worker's time is spent in. They are compiled once for each
# instruction set; which one runs is decided at run time, so the binary runs on any x86-64.
# Sanitized, -O3 would take a minute to compile what it unrolls.
$(BUILD)/worker/engine/%.o: CFLAGS += $(if $(SAN),-O1 -g1,-O3)
$(BUILD)/worker/engine/%.o: FLAGS += -ffp-contract=fast -fno-math-errno
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine 2>/dev/null)),)
# GCC 11 and clang 12 have AMX.
AMX := -mavx512f -mavx512bw -mavx512bf16 -mamx-tile -mamx-bf16
AMX := $(if $(shell $(CC) $(AMX) -xc -E /dev/null >/dev/null 2>&1 && echo yes),$(AMX))
$(BUILD)/worker/engine/kernels_avx2.o:   FLAGS += -mavx2 -mfma
$(BUILD)/worker/engine/kernels_avx512.o: FLAGS += -mavx512f -mfma -mprefer-vector-width=512
$(BUILD)/worker/engine/kernels_amx.o:    FLAGS += $(AMX)
endif

$(BUILD)/proto/layernas.pb-c.c: proto/layernas.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(BUILD) $<
$(BUILD)/proto/layernas.pb-c.h: $(BUILD)/proto/layernas.pb-c.c
$(BUILD)/proto/layernas.pb-c.o: $(BUILD)/proto/layernas.pb-c.c
	$(CC) $(FLAGS) $(CFLAGS) -c -o $@ $<

# ---- tests: every program below tests/ speaks TAP, tests/run counts ----

C_TESTS  := $(wildcard $(addsuffix /test_*.c,tests/chaos tests/gradient tests/unit) tests/fuzz/fuzz_*.c)
SH_TESTS := $(wildcard tests/chaos/test_*.sh tests/integration/test_*.sh)
TESTS    ?= $(SH_TESTS) $(C_TESTS)
SH_CHOSEN = $(filter %.sh,$(TESTS))
# Scripts come first: they take the longest.
TEST_PROGRAMS = $(SH_CHOSEN) $(patsubst %.c,$(BUILD)/%,$(filter %.c,$(TESTS)))

check-programs: $(if $(SH_CHOSEN),all chaos-programs) $(TEST_PROGRAMS)

check: check-programs
	@BUILD=$(BUILD) tests/run $(TEST_PROGRAMS)

# What several of them share: the other sources beside them.
$(BUILD)/tests.a: $(filter-out $(BUILD)/tests/unit/test_% $(BUILD)/tests/gradient/test_% $(BUILD)/tests/bench/bench_%, \
                    $(call objects,tests/unit tests/gradient tests/bench))

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests.a $(call archives,compare coordinator show worker proto common)
	$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# The simulation puts a store, a router and a log of its own in the places of ours: objects come first.
SIMULATION := $(patsubst %.c,$(BUILD)/%.o,tests/chaos/test_simulation.c $(wildcard tests/chaos/sim*.c))
$(BUILD)/tests/chaos/test_simulation: $(SIMULATION) $(BUILD)/tests.a $(call archives,coordinator show proto common)
	$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# A disk that fails takes the places of the C library's calls: linked in, or to be preloaded.
FAULTS := $(addprefix $(BUILD)/tests/chaos/,fault.o fault_undo.o)
$(FAULTS): FLAGS += -fPIC -fno-sanitize=all
$(BUILD)/tests/chaos/test_store_faults: $(BUILD)/tests/chaos/test_store_faults.o $(FAULTS) $(BUILD)/tests.a \
                                        $(call archives,coordinator show proto common)
	$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
$(BUILD)/tests/chaos/fault.so: $(FAULTS)
	$(CC) -shared -o $@ $^
$(BUILD)/tests/chaos/proxy: $(BUILD)/tests/chaos/proxy.o $(BUILD)/common.a
	$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
chaos-programs: $(addprefix $(BUILD)/tests/chaos/,fault.so proxy)

# Under memcheck what a step leaves behind counts as never written; the kernels are those without AVX-512.
valgrind: $(BUILD)/tests/gradient/test_stale_memory
	CMOCKA_MESSAGE_OUTPUT=tap valgrind -q --error-exitcode=1 $<

# A fuzz target runs its corpus and seeded mutations of it; `make fuzz` has libFuzzer drive them
# instead (clang and its runtime needed): make fuzz TARGET=wire TIME=3600
FUZZ_DRIVER ?= $(BUILD)/tests/fuzz/driver.o
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(filter %.o,$(FUZZ_DRIVER)) \
                            $(call archives,compare coordinator show worker proto common)
	$(CC) $(SANITIZE) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(filter -%,$(FUZZ_DRIVER)) $(LIBS)

fuzz:
	$(MAKE) CC=clang BUILD=build-fuzz SAN=address,undefined,fuzzer-no-link FUZZ_DRIVER=-fsanitize=fuzzer \
	        build-fuzz/tests/fuzz/fuzz_$(TARGET)
	@mkdir -p build-fuzz/corpus/$(TARGET)
	build-fuzz/tests/fuzz/fuzz_$(TARGET) -max_total_time=$(or $(TIME),60) \
	        build-fuzz/corpus/$(TARGET) tests/fuzz/corpus/$(TARGET)

chaos: all chaos-programs $(addprefix $(BUILD)/tests/chaos/test_,simulation store_faults)
	@BUILD=$(BUILD) SCHEDULES=$(SCHEDULES) STORIES=$(STORIES) SEED=$(SEED) tests/chaos/run

test: dependencies
	@tests/run-all

BENCH   ?= $(patsubst tests/bench/bench_%.c,%,$(wildcard tests/bench/bench_*.c))
BENCHES := $(addprefix $(BUILD)/tests/bench/bench_,$(BENCH))
bench: all $(BENCHES)
	@BUILD=$(BUILD) tests/bench/run $(BENCH)

dependencies:
	@deploy/install-dependencies

run: dependencies
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@BUILD=$(BUILD) FRESH=$(FRESH) deploy/run-example

UNITS := $(wildcard deploy/systemd/*.service)
install: all
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/layernas lib/systemd/system)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	cp -r deploy/spaces deploy/studies $(DESTDIR)$(PREFIX)/share/layernas
	install -m 644 deploy/systemd/*.env $(DESTDIR)$(PREFIX)/share/layernas
	@for unit in $(UNITS); do \
	    to=$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; \
	    echo "$$unit -> $$to"; \
	    sed 's|/usr/local/|$(PREFIX)/|g' "$$unit" >"$$to" && chmod 644 "$$to" || exit 1; \
	done

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build build-san

.PHONY: all say-what-is-missing check check-programs test valgrind fuzz chaos chaos-programs bench dependencies run install format clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
