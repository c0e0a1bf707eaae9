"""`{% load flags %}{% is_active "studio.video" as is_shown %}{% if is_shown %}…{% endif %}`"""

from __future__ import annotations

from typing import Any

from django import template

from core import flags

register = template.Library()


@register.simple_tag(takes_context=True)
def is_active(context: template.Context, name: str) -> bool:
    """Whether the flag is active for the account of the request; without a request, for all."""
    request: Any = context.get("request")
    return flags.is_active(name, getattr(request, "user", None))
