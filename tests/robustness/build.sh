#!/usr/bin/env bash
# The Makefile does what people expect of one.
# shellcheck disable=SC2086   # the names of programs have no blanks
. "$(dirname "$0")/../lib.sh"

programs=$(basename -s .cpp -- *.cpp | sort | xargs)
would_build() { make -n "$@" | sed -nE 's/.* -o ([a-z_]+) .*/\1/p' | sort | xargs; }

observe 'make builds all there are'             [ "$(would_build -B)" = "$programs" ]   # set-up.sh builds them
quietly touch $programs
run host 'make'
observe 'and then has nothing to do'            prints host 'Nothing to be done'
run host 'make -B addrconv CXXFLAGS=-O0'
observe 'make -B NAME builds that one'          [ "$(grep -c . "${log[host]}") $(grep -c -- '-o addrconv addrconv.cpp' "${log[host]}")" = '1 1' ]
quietly touch $programs && quietly touch -d 'next minute' time_protocol.h
observe 'a header rebuilds who includes it'     [ "$(would_build)" = "$(grep -l '#include "time_protocol.h"' -- *.cpp | sed 's/\.cpp//' | sort | xargs)" ]
observe 'CXX is respected'                      [ "$(make -Bn CXX=another-compiler addrconv | tail -n 1 | cut -d' ' -f1)" = another-compiler ]
echo 'int main() {}' > words.cpp
(CXX='env g++'; compile words words.cpp)   # a fault, if that is taken for one word
observe 'of two words, by the tests, too'       [ -x words ]
rm words words.cpp
flags=$(make -Bn CPPFLAGS=-DONE CXXFLAGS=-O0 LDFLAGS=-Ltwo LDLIBS=-lthree addrconv | tail -n 1)
observe 'so are the flags'                      [ "$(grep -oE -- '-DONE|-O0|-Ltwo|-lthree' <<< "$flags" | xargs)" = '-DONE -O0 -Ltwo -lthree' ]
observe 'and those of the environment'          [ "$(CXXFLAGS=-Og make -Bn addrconv | tail -n 1 | grep -oE -- '-O[0-9g]')" = -Og ]
observe 'C++20 and the warnings stay'           [ "$(grep -oE -- '-std=c\+\+20|-Wconversion' <<< "$flags" | xargs)" = '-std=c++20 -Wconversion' ]

# A compiler with a library of g++ 10, as the check sees it. (.ci/run builds with the oldest that will do.)
printf '#!/bin/sh\ncase " $* " in *" -E "*) echo too old ;; *) exec g++ "$@" ;; esac\n' > old-compiler
chmod +x old-compiler
run host 'make -B CXX=./old-compiler addrconv'
observe 'an old compiler is told from a fault'  prints host '^\./old-compiler is too old: the lab needs g\+\+ 11'
observe 'and nothing else is printed'           [ "$(wc -l < "${log[host]}")" = 2 ]
