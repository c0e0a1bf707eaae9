# The only entry point: `./dev RECIPE`. CI runs the same recipes.

set positional-arguments

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")
pins := "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate" \
    + " --no-emit-index-url --no-emit-find-links --custom-compile-command './dev lock'"
lock := pins + " pyproject.toml"
# The largest lock decides about every version: an installed one holds all of the smaller ones.
in_step := "--constraints requirements-check.txt"
embedded := "--extra install --extra embedded --extra simulator"
compose := "docker compose -f docker-compose.local.yml"
three := "-n 3 --dist worksteal"
# No argument, or a marker first and no path.
many_tests := '^(-m [^/]*)?$'
# xdist refuses it, because its processes have no terminal.
debugger := '(^| )--(pdb|trace)'

[private]
default:
    @just --list --unsorted

# Archive three simulated profiles before your eyes, and serve them until Ctrl-C (--exit: archive only)
[no-exit-message]
demo *options:
    @exec python -m embedded demo "$@"

# Serve your own archive until Ctrl-C: CORE_API_URL and CORE_API_TOKEN say where it comes from
[no-exit-message]
serve:
    @exec python -m embedded serve

# Run the tests, no network: ./dev test instagram -k story, ./dev test --lf, ./dev test -m 'not slow'
[no-exit-message]
test *arguments:
    @exec python -m embedded test python -m pytest {{ if arguments =~ debugger { "" } else if arguments =~ many_tests { three } else { "" } }} "$@"

# Run the tests of what changed, whenever a Python file is saved: ./dev watch instagram -k story
[no-exit-message]
watch *arguments:
    @exec python -m embedded test python -m tests.support.watch "$@"

# Run all tests, and fail below the floor of branch coverage
[no-exit-message]
coverage:
    @exec python -m embedded test python -m pytest {{ three }} --cov --cov-report=term

# Keep the services of the tests up until Ctrl-C, so that ./dev test starts faster; stop: end them
[no-exit-message]
services *options:
    @exec python -m embedded services "$@"

# Run everything that CI runs: lint, format, types, migrations, tests
[no-exit-message]
check: lint types migrations coverage

# Lint code and templates, and say what is not formatted
[no-exit-message]
lint:
    ruff check .
    ruff format --check .
    djlint . --lint --quiet --profile django

# Repair what the linter can repair, and format the code
[no-exit-message]
fix:
    ruff check --fix .
    ruff format .

# Check the types
[no-exit-message]
types:
    mypy .

# Say which model changes lack a migration
[no-exit-message]
migrations:
    @DJANGO_SETTINGS_MODULE=config.settings.test exec python -m embedded scratch python manage.py makemigrations --check --dry-run

# Run a manage.py command with the services of the data folder: ./dev manage createsuperuser
[no-exit-message]
manage *words:
    @exec python -m embedded manage "$@"

# Measure, each figure against a reference in the same run
[no-exit-message]
bench *options:
    @exec python -m embedded scratch python -m lab.benchmarks "$@"

# Prove with injected faults that nothing is lost: ./dev verify matrix --seeds 200
[no-exit-message]
verify *options:
    @exec python -m lab.faults "$@"

# Print how long, split, commented and worded the code is: ./dev house [FOLDER] [--list helpers] [--json]
[no-exit-message]
house *words:
    @exec python -m lab.house "$@"

# Make typed clients of the REST API, in TypeScript and Python (--install: only what makes them)
[no-exit-message]
clients *options:
    @exec python -m lab.clients "$@"

# Compile all locks from pyproject.toml; --upgrade takes the newest versions that it allows
lock *options:
    {{ lock }} --output-file requirements-check.txt --all-extras "$@" > /dev/null
    {{ lock }} --output-file requirements-dev.txt {{ in_step }} {{ embedded }} --extra dev "$@" > /dev/null
    {{ lock }} --output-file requirements-embedded.txt {{ in_step }} {{ embedded }} "$@" > /dev/null
    {{ lock }} --output-file requirements.txt {{ in_step }} "$@" > /dev/null
    {{ pins }} --output-file lab/clients/requirements.txt lab/clients/requirements.in "$@" > /dev/null

# Docker: start everything in the background
[no-exit-message]
up *options:
    @exec {{ compose }} up --detach --remove-orphans "$@"

# Docker: stop everything, keep the data
[no-exit-message]
down *options:
    @exec {{ compose }} down "$@"

# Docker: build the images
[no-exit-message]
build *options:
    @exec {{ compose }} build "$@"

# Docker: follow the logs, of all services or those named
[no-exit-message]
logs *services:
    @exec {{ compose }} logs --follow "$@"

# Docker: stop everything and delete its data
[no-exit-message]
prune *options:
    @exec {{ compose }} down --volumes "$@"

# Docker: run a manage.py command
[no-exit-message]
django *words:
    @exec {{ compose }} run --rm django python manage.py "$@"
