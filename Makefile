# canceldesk: the few things one does here. `make` alone prints this list.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
MAKEFLAGS   += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help

GO       ?= go
PKG      ?= ./...
FUZZTIME ?= 30s
COUNT    ?= 1
KILLS    ?= 20
FAULTS   ?= 100
REQUESTS ?= 300

LINT := bin/golangci-lint

# The linter's cache remembers file names, so a cache that two checkouts share reports one's files in the other.
export GOLANGCI_LINT_CACHE := $(CURDIR)/bin/lint-cache

.PHONY: help build test check fmt demo bench kill debits fuzz deps clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/canceldesk (needs Go and a C compiler)
	@$(GO) build -trimpath -o bin/canceldesk ./cmd/canceldesk

test: deps ## every test with -race, against real Dovecot, PostgreSQL and Chromium (PKG=./mailin/... narrows it)
	@$(GO) test -race -timeout 30m $(PKG)

check: $(LINT) ## gofumpt, go vet, golangci-lint
	@bash -n .ci/run .ci/deps
	$(GO) vet $(PKG)
	$(LINT) config verify
	$(LINT) run $(PKG)

fmt: $(LINT) ## rewrite the code as gofumpt wants it
	@$(LINT) fmt $(PKG)

demo: ## the whole desk on this machine, with nothing but Go and a C compiler
	@$(GO) run ./cmd/canceldesk demo

bench: ## every benchmark, with memory figures
	@found=$$($(GO) test -list '^Benchmark' $(PKG) | grep -c '^Benchmark' || true)
	[ "$$found" -gt 0 ] || { echo 'make bench: no benchmark in $(PKG)' >&2; exit 1; }
	$(GO) test -run '^$$' -bench . -benchmem $(PKG)

kill: deps ## the desk is killed KILLS (20) times between its steps, and FAULTS (100) things break while mail arrives
	@found=$$($(GO) test -list 'Kill' $(PKG) | grep -c '^Test' || true)
	[ "$$found" -gt 0 ] || { echo 'make kill: no test named …Kill… in $(PKG)' >&2; exit 1; }
	CANCELDESK_KILLS=$(KILLS) CANCELDESK_FAULTS=$(FAULTS) $(GO) test -v -race -timeout 60m -count $(COUNT) -run 'Kill' $(PKG)

debits: deps ## people ask to stop while billers debit them, the long form with REQUESTS (300), COUNT times (1)
	@CANCELDESK_REQUESTS=$(REQUESTS) $(GO) test -v -timeout 30m -count $(COUNT) -parallel 1 -run 'NobodyIsDebitedAgain' ./cmd/canceldesk

# Go may spend 60 s on making each new input smaller, past FUZZTIME and with no progress: tries are counted instead.
fuzz: ## every fuzz target for FUZZTIME (30s) each
	@found=0
	for pkg in $$($(GO) list $(PKG)); do
		for target in $$($(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz' || true); do
			found=1
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 50x "$$pkg"
		done
	done
	[ "$$found" = 1 ] || { echo 'make fuzz: no fuzz target in $(PKG)' >&2; exit 1; }

deps: ## install what the tests need and this machine lacks (Debian, root or sudo)
	@.ci/deps

clean: ## remove what was built
	@rm -rf bin

# The linter is pinned in a module of its own, so that the program's go.mod stays the program's.
# It is built once (some minutes on a cold cache) and again only when that module changes.
$(LINT): .ci/tools/go.mod .ci/tools/go.sum
	@echo 'building the linter (once)' >&2
	cd .ci/tools
	$(GO) build -mod=readonly -trimpath -o ../../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	touch ../../$(LINT)
