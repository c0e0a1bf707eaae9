#!/bin/sh
# Before nginx starts: the names that it answers to. Both lists mean the same by `.example.org`.
set -eu
names=$(printf %s "$DJANGO_ALLOWED_HOSTS" | tr ',' ' ')
echo "server_name $names;" >"${SERVER_NAMES_FILE:-/tmp/server_names.conf}"
