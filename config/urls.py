"""The root URLs. Those of the REST API are in `config/api_router.py`; features bring their own."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from core.api.health import HealthView
from core.api.schema import AliasSchemaView, DocumentationView, SchemaView

to_the_docs = RedirectView.as_view(pattern_name="docs")

admin.autodiscover()  # imported here, because workers and commands serve no pages

urlpatterns = [
    path("", to_the_docs),
    path("docs/", to_the_docs),
    path("api/docs/", DocumentationView.as_view(url_name="schema"), name="docs"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("schema/aliases/", AliasSchemaView.as_view(), name="alias-schema"),
    path("health/", HealthView.as_view(), name="health"),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("account/", include("authentication.pages.urls")),
    path("", include("storage.serving.urls")),
    *(path("", include(f"{app}.urls")) for app in settings.FEATURES if find_spec(f"{app}.urls")),
    path("", include("config.aliases")),
    path("", include("config.api_router")),
]

handler400 = "core.api.errors.bad_request"
handler403 = "core.api.errors.forbidden"
handler404 = "core.api.errors.not_found"
handler500 = "core.api.errors.server_error"
