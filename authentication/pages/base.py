"""A page with one form. Reading it changes nothing; its button acts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import FormView
from rest_framework.exceptions import AuthenticationFailed

from authentication import attempts, links, registration


@method_decorator(never_cache, name="dispatch")
class FormPage(FormView, ABC):  # type: ignore[type-arg]  # generic in the stubs only
    """A page whose form takes what a person knows. The API's limits of attempts count here too."""

    template_name = "authentication/page.html"
    title: str
    text = ""
    button: str

    @abstractmethod
    def act(self, given: dict[str, Any]) -> str:
        """Do what the button says. Returns the sentence that says what happened."""

    def typed_account(self) -> str | None:
        """The account whose password an attempt may guess; None: only the address is limited."""
        return None

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        form = self.get_form()
        seconds = attempts.seconds_to_wait(request, self.typed_account())
        if seconds is not None:
            form.add_error(None, f"Too many attempts. Wait {seconds} seconds.")
            response = self.refused(form, status=429)
            response["Retry-After"] = str(seconds)
            return response
        return self.form_valid(form) if form.is_valid() else self.refused(form)

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            with attempts.logged(self.request, self.typed_account()):
                done = self.act(form.cleaned_data)
        except AuthenticationFailed as error:
            form.add_error(None, str(error.detail))
            return self.refused(form)
        except registration.WeakPassword as error:
            form.add_error("password", ValidationError(error.messages))
            return self.refused(form)
        except (links.InvalidLink, registration.NotAdmitted) as error:
            form.add_error(None, str(error))
            return self.refused(form)
        return self.done(done)

    def done(self, sentence: str) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=None, done=sentence))

    def refused(self, form: Form, *, status: int = 400) -> HttpResponse:
        """The form again, with what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=status)


class LinkPage(FormPage):
    """The page of a link in a mail. It says at once that a link is not valid any more."""

    find: Callable[[str], object]

    @property
    def token(self) -> str:
        return self.request.GET.get("token", "")

    def get(self, *_: Any, **__: Any) -> HttpResponse:
        try:
            type(self).find(self.token)
        except links.InvalidLink as error:
            context = self.get_context_data(form=None, problem=str(error))
            return self.render_to_response(context, status=400)
        return self.render_to_response(self.get_context_data())
