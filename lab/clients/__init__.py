"""Typed clients of the REST API, generated from its OpenAPI document.

The versions of the generators are locked in this folder. `./dev lock` renews `requirements.txt`,
and this renews `package-lock.json`, without the address of a registry:
`npm install --package-lock-only --omit-lockfile-registry-resolved --prefix lab/clients`.
"""
