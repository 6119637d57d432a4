# The socket lab.  `make help` says what there is.
#
# Each program is one .cpp file, built beside its source. CXX, CPPFLAGS, CXXFLAGS, LDFLAGS and LDLIBS are
# yours to set: make CXX=clang++ CXXFLAGS='-O0 -g'

CXXFLAGS ?= -O2 -g
override CXXFLAGS += -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion

PROGRAMS := $(basename $(wildcard *.cpp))
SUDO     := $(if $(filter-out 0,$(shell id -u)),sudo)

all: $(PROGRAMS)

# The oldest compiler whose library has all that the programs use is g++ 11 (std::from_chars for double; clang++ uses g++'s
# library). Asked here, so that an older one says so in one line and not in a page of errors.
TOO_OLD = printf '\#include <version>\n\#ifndef __cpp_lib_to_chars\ntoo old\n\#endif\n' | \
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) -E -x c++ - 2>&1 | grep -q '^too old'

$(PROGRAMS): %: %.cpp
	@! $(TOO_OLD) || { echo '$(CXX) is too old: the lab needs g++ 11, or clang++ with the library of g++ 11' >&2; exit 1; }
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(LDFLAGS) -o $@ $< $(LDLIBS)

# The protocol headers, and the programs that include them.
time_server time_client time_burst_client: time_protocol.h
kv_store kv_client: kv_protocol.h

check test: all
	tests/run $(TESTS)

demo: all
	$(if $(STAGE),tests/stage,tests/run --demo) $(if $(PAUSE),--pause=$(PAUSE)) $(TESTS)

demo-%: all
	$(if $(STAGE),tests/stage,tests/run --demo) $(if $(PAUSE),--pause=$(PAUSE)) $*

# The terminals side by side in one window, by tmux; with the text of a section: terminals-NAME.
terminals: all
	tests/terminals

terminals-%: all
	tests/terminals $*

# Your turn: builds the exercise's program and checks it; or lists all of them with what is done.
exercise-%: tests/exercises/%.sh
	@tests/exercises/run $*

exercises:
	@tests/exercises/run || true

bench: all
	tests/bench/run $(BENCH)

up down:
	$(SUDO) ./two_clients.sh $@

# Optional: the whole suite with programs, built aside, that watch their accesses to memory and their calculations.
sanitize:
	aside=$$(mktemp -d) && trap 'rm -rf "$$aside"' EXIT && chmod 755 "$$aside" && \
	cp -R Makefile README.md *.h *.cpp *.sh tests "$$aside" && \
	export CXXFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' \
	  ASAN_OPTIONS=exitcode=66 UBSAN_OPTIONS=exitcode=66 && \
	$(MAKE) -C "$$aside" check   # in the environment, so that a make within a test knows it, too

# Optional: what shellcheck, clang-format, cppcheck and clang-tidy have to say.
lint: lint-scripts lint-sources
lint-scripts:
	shellcheck two_clients.sh tests/run tests/ladder tests/terminals tests/stage tests/*/run tests/exercises/grade tests/exercises/launch tests/*.sh tests/*/*.sh tests/*.lib tests/*/*.lib \
	  $(filter-out .ci/inject .ci/wrong,$(wildcard .ci/*))   # these are no shell
lint-sources: SOURCES = *.cpp tests/*/*.cpp
lint-sources:
	clang-format --dry-run -Werror *.h $(SOURCES)
	cppcheck -q --std=c++20 --enable=warning,style,performance,portability --suppress=useStlAlgorithm \
	  --suppress=ctuOneDefinitionRuleViolation --error-exitcode=1 -I. $(SOURCES)   # each is a program of its own
	ls $(SOURCES) | xargs -P 2 -I FILE sh -c 'clang-tidy --quiet FILE -- -std=c++20 -I. 2> /dev/null'

# Optional, with clang and its libFuzzer: searches for streams that the KV decoder takes amiss, for so many seconds.
fuzz: FUZZ_SECONDS ?= 60
fuzz:
	directory=$$(mktemp -d) && trap 'rm -rf "$$directory"' EXIT && \
	clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -DFUZZ -I. \
	  -o "$$directory/fuzz" tests/robustness/kv_decoder.cpp && \
	"$$directory/fuzz" -max_total_time=$(FUZZ_SECONDS) -max_len=2000 -artifact_prefix=fuzz- -print_final_stats=1

clean:
	$(RM) $(PROGRAMS) udp.pcap kv.pcap lines random received fuzz-*

help:
	@echo 'make            build every program'
	@echo 'make -B NAME    build one program anew, as in: make -B addrconv'
	@echo 'make demo       play the whole lab, section by section, with all there is to see'
	@echo 'make demo-NAME  play one section of these:'
	@tests/run --list | xargs | fold -s -w 74 | sed 's/^/    /'
	@echo '                (PAUSE=1: each step waits for Enter; STAGE=1: in terminals)'
	@echo 'make terminals  open six terminals in one window; make terminals-NAME: those of'
	@echo '                a section, beside its text; F2 types its commands'
	@echo 'make check      run the tests (or: make test); some: make check TESTS="NAME ..."'
	@echo 'make exercises  list the exercises, done or not; check one: make exercise-NAME'
	@echo 'make bench      compare with other tools; rows: make bench BENCH="udp kv"'
	@echo 'make lint       check the sources; make sanitize, make fuzz: see the Makefile'
	@echo 'make up, down   set up the lab on this machine, or remove it, through sudo'
	@echo 'make clean      remove what was built, and what experiments wrote'

.PHONY: all check test demo terminals exercises bench up down sanitize lint lint-scripts lint-sources fuzz clean help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
