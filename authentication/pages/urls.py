"""The pages under `/account/`. Mails lead to some of them (authentication/mails.py)."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from authentication.pages import links, second_factor, sessions

urlpatterns = [
    path("sign-in/", sessions.SignInPage.as_view(), name="sign-in"),
    path("code/", second_factor.CodePage.as_view(), name="code"),
    path("second-factor/", second_factor.SetUpPage.as_view(), name="second-factor"),
    path("sign-out/", LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path("register/", sessions.RegistrationPage.as_view(), name="register"),
    path("lost-password/", sessions.LostPasswordPage.as_view(), name="lost-password"),
    path("verify-email/", links.VerifyEmailPage.as_view(), name="verify-email"),
    path("accept-invitation/", links.AcceptInvitationPage.as_view(), name="accept-invitation"),
    path("set-password/", links.SetPasswordPage.as_view(), name="set-password"),
    path("confirm-email/", links.ConfirmEmailPage.as_view(), name="confirm-email"),
]
