"""The settings of the tests, without the app that WITHOUT_APP names."""

import os

from config.settings.test import *  # noqa: F403, TID251  a layer of the settings

FEATURES = [app for app in FEATURES if app != os.environ["WITHOUT_APP"]]  # noqa: F405  of the layer below
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != os.environ["WITHOUT_APP"]]  # noqa: F405  the same
