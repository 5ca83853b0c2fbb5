# cfs: `make` builds, `make run` runs a first container, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
DESTDIR ?=
# How many times the leak test starts a container.
CFS_TEST_RUNS ?= 1000

RELEASE := .build-release
VM := .build-vm
DEBUG := .build
# A section for each function, so that the linker can lay those of a start side by side (Scripts/link-order) and drop the
# ones nobody calls; --no-warn: a function that is gone from the list's executable is no fault.
# -disable-type-layout: else a copy of an optional or a tuple asks Swift's runtime for its type, by name, which it makes at the first
# call: 35 of the 80 types of a start, and an eighth of its instructions before the clone.
STATIC := swift build -c release -Xswiftc -static-executable --scratch-path $(RELEASE) \
    -Xswiftc -Xfrontend -Xswiftc -function-sections -Xswiftc -Xfrontend -Xswiftc -disable-type-layout -Xswiftc -use-ld=lld \
    -Xlinker --no-warn-symbol-ordering
ORDERED := -Xlinker --symbol-ordering-file=$(CURDIR)/Scripts/link-order.txt
# cfs-runtime begins before the C library (Sources/CLinux/start.c), and what it reads only is not copied to the child of its clone.
RUNTIME := -Xlinker --symbol-ordering-file=$(CURDIR)/Scripts/link-order-runtime.txt -Xlinker --entry=cfs_start \
    -Xlinker --script=$(CURDIR)/Scripts/link-constants.ld
TEST := swift test --scratch-path $(DEBUG) --skip-build --disable-xctest

.PHONY: help setup build run test test-build test-unit test-root test-rest test-vm test-faults test-faults-sample test-embed test-dashboard test-interop test-systemd test-fuzz vm bench fmt lint install uninstall clean

## build      the static executables, into bin/ (the default)
build: setup
	@Scripts/without-static-noise $(STATIC) $(ORDERED) --product cfs
	@Scripts/without-static-noise $(STATIC) $(RUNTIME) --product cfs-runtime
	@Scripts/without-static-noise $(STATIC) $(ORDERED) --product cfsd
	@mkdir -p bin
	@for name in cfs cfs-runtime cfsd; do \
	    if [ ! bin/$$name -nt $(RELEASE)/release/$$name ]; then \
	        strip -o bin/$$name.new $(RELEASE)/release/$$name; mv bin/$$name.new bin/$$name; \
	    fi; \
	done

## run        builds when needed, then runs a first container
run: build
	bin/cfs run TinyCore ls

## setup      installs the Debian packages that are missing
setup:
	@Scripts/setup build

## test       every lane below, and lint
test: lint test-unit test-root test-rest test-interop test-faults-sample test-vm test-embed test-dashboard test-systemd

test-build: setup
	@swift build --build-tests --scratch-path $(DEBUG)

## test-unit  pure code, no privileges
test-unit: test-build
	$(TEST) --skip '^(Root|VM)Tests\.'

## test-root  real containers on this host, with the executables of bin/
test-root: build test-build
	CFS_TEST_BINARY=$(CURDIR)/bin/cfs CFS_TEST_RUNS=$(CFS_TEST_RUNS) $(TEST) --filter '^RootTests\.'

## test-rest  the daemon against its own OpenAPI document, with schemathesis (PyPI)
test-rest: build
	@Scripts/setup rest
	@Scripts/test-rest

## test-vm    limits, on a kernel whose cgroup v2 has every controller: in a virtual machine
test-vm: build test-build
	@Scripts/setup vm
	@Scripts/vm/selftest
	@Scripts/vm/boot /usr/lib/cfs-tests/tests.xctest --testing-library swift-testing --no-parallel --filter '^VMTests\.'

## test-faults kills cfs and its monitor at every system call of their verbs, then lets each write and open fail (STEP=25: every 25th)
test-faults: build
	@Scripts/test-faults
	@Scripts/test-errors

# A sample of both, in half a minute.
test-faults-sample: build
	@STEP=60 Scripts/test-faults
	@STEP=60 Scripts/test-errors

## test-embed another package that imports CFSCore
test-embed: build
	@Scripts/test-embed

## test-dashboard the page of cfsd, in headless Chromium with real containers
test-dashboard: build
	@Scripts/test-dashboard

## test-interop Podman, containerd as Kubernetes calls it, Docker and Docker Swarm on top of cfs-runtime (RUNTIME=FILE: of another runtime)
test-interop: build
	@Scripts/setup interop
	@Scripts/test-interop

## test-systemd the units under a real systemd, apart from the machine's
test-systemd: build
	@Scripts/setup systemd
	@Scripts/test-systemd

## test-fuzz  five readers of hostile input under libFuzzer, a minute each (FUZZ_SECONDS=600: ten)
test-fuzz: setup
	@Scripts/test-fuzz

## vm         a shell in that virtual machine
vm: build
	@Scripts/setup vm
	@Scripts/vm/boot

## bench      cfs against crun, runc and a bare C program, on this machine
bench: build
	@Scripts/setup bench
	@Benchmarks/run

## fmt        formats the Swift files in place
fmt:
	swift format --in-place --recursive --parallel Sources Tests Examples Package.swift

## lint       fails on any file that `make fmt` would change, or that breaks a rule
lint:
	swift format lint --strict --recursive --parallel Sources Tests Examples Package.swift

## install    executables, image catalogue, systemd units, completion files and manual pages, below PREFIX (/usr/local)
install: build
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' Scripts/install

## uninstall  removes what install put there
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' Scripts/install --remove

## clean      removes everything that was built
clean:
	rm -rf bin $(DEBUG) $(RELEASE) $(VM) .build-rest .build-fuzz Benchmarks/.build Examples/embed/.build

help:
	@sed -n 's/^## /  make /p' $(firstword $(MAKEFILE_LIST))
