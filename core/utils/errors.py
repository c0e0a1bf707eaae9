"""Errors of Core API calls. Each class tells the caller what to do next.

CoreAPIError
├── NotConfigured        tell staff; no retry
├── Transient            retry with backoff
│   └── RateLimited      retry, not before `retry_after` seconds
├── NotAllowedNow        postpone the work by `retry_after` seconds; nothing was sent
│   ├── BudgetExhausted  until the day ends or the cap moves
│   ├── CallsStopped     until staff allow calls again
│   └── NoFreeSlot       until the configured rate allows another call
├── Unauthorized         stop all calls to the provider, raise one alarm
├── NoCredit             stop all calls to the provider, raise one alarm
├── Forbidden            stop this endpoint of the provider, raise one alarm
├── BadRequest           our mistake: raise an alarm, no retry
├── NoSuchProfile        the provider says so: one vote for "missing"
├── PrivateProfile       the provider says so
├── Erased               the profile was erased on request: store nothing
├── NotAvailable         no trustworthy answer: "missed", never "deleted"
└── UnexpectedPayload    JSON of unknown shape: keep it, continue with the next item

Messages never quote a body of the provider, because it may contain the token. This module imports
nothing from Django, so that the parser can raise these errors.
"""


class CoreAPIError(Exception):
    """The base class of all errors of Core API calls."""

    @property
    def code(self) -> str:
        """The stable name in API responses and logs, such as `RateLimited`."""
        return type(self).__name__


class NotConfigured(CoreAPIError):
    """The Core API's URL or token is not set. The message tells staff where to set it."""


class Transient(CoreAPIError):
    """A retry may help: timeout, connection error, 5xx, no JSON, no envelope, a CDN's block page.

    `retry_after` is the pause in seconds that the provider requested, None without one.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """HTTP 429."""


class NotAllowedNow(CoreAPIError):
    """We held the call back ourselves: nothing was sent and nothing failed.

    `retry_after` is the pause in seconds before a new attempt makes sense.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BudgetExhausted(NotAllowedNow):
    """The call would exceed the daily cost limit, which resets after `retry_after` seconds."""


class CallsStopped(NotAllowedNow):
    """Staff stopped all calls, or an open alarm stops those to the provider."""


class NoFreeSlot(NotAllowedNow):
    """Other calls use up the allowed rate, or the provider requested a pause of all calls."""


class Unauthorized(CoreAPIError):
    """HTTP 401: the token is missing, wrong or expired. No call can succeed until it changes."""


class NoCredit(CoreAPIError):
    """HTTP 402, or 403 with a text about the balance: the account must be topped up."""


class Forbidden(CoreAPIError):
    """HTTP 403: the token lacks the scope for this endpoint."""


class BadRequest(CoreAPIError):
    """HTTP 422, an unknown route or a redirect: our request or the configured URL is wrong."""


class NoSuchProfile(CoreAPIError):
    """HTTP 200 with `user: null`: one vote for "missing", not proof."""


class PrivateProfile(CoreAPIError):
    """The provider says that the profile is private."""


class Erased(CoreAPIError):
    """The answer concerns a profile that was erased on request. `digest` is the hash of its id."""

    def __init__(self, message: str, *, digest: str) -> None:
        super().__init__(message)
        self.digest = digest


class NotAvailable(CoreAPIError):
    """The generic 400, or a failure inside a 200: counted as missed, never as deleted."""


class UnexpectedPayload(CoreAPIError):
    """JSON of an unknown shape.

    `path` is the location, such as `posts[3].taken_at`; `raw` is the unchanged item; `item_id` is
    its Instagram id, "" if unknown.
    """

    def __init__(
        self, message: str, *, path: str = "", raw: object = None, item_id: str = ""
    ) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.raw = raw
        self.item_id = item_id


class ItemsUnreadable(UnexpectedPayload):
    """A list was read to its end, but some of its items could not be parsed."""
