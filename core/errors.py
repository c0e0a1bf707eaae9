"""What can go wrong between us and the Core API; each class is a decision for the caller.

CoreAPIError
├── NotConfigured        tell staff; no retry
├── Transient            retry with backoff
│   └── RateLimited      retry, not before `retry_after` seconds
├── BudgetExhausted      stop until the window or the cap moves
├── Unauthorized         stop all calls, raise one alarm
├── NoCredit             stop all calls, raise one alarm
├── Forbidden            stop this endpoint, raise one alarm
├── BadRequest           our fault: alarm, no retry
├── NoSuchProfile        the provider says so: one vote for "missing"
├── PrivateProfile       the provider says so
├── NotAvailable         no answer that we may trust: "missed", never "gone"
└── UnexpectedPayload    JSON of unknown shape: keep it, carry on with the next item

The text of an error is ours: it never quotes a body of the provider, which may echo the token.
Imports nothing from Django, so that the parser can raise these.
"""


class CoreAPIError(Exception):
    """Anything that went wrong between us and the Core API."""

    @property
    def code(self) -> str:
        """The stable name that API clients and logs see, such as `RateLimited`."""
        return type(self).__name__


class NotConfigured(CoreAPIError):
    """The Core API's URL or token is not set. The message tells staff where to set it."""


class Transient(CoreAPIError):
    """Worth another try: timeout, connection, 5xx, a body that is not JSON, a CDN block page.

    `retry_after` is the pause that the provider asked for in seconds, None where it named none.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """HTTP 429."""


class BudgetExhausted(CoreAPIError):
    """Our own cap on calls is reached; stop until the window or the cap moves."""


class Unauthorized(CoreAPIError):
    """HTTP 401: the token is missing, wrong or expired. No call can succeed until it changes."""


class NoCredit(CoreAPIError):
    """HTTP 402, or 403 with a balance text: the account must be charged first."""


class Forbidden(CoreAPIError):
    """HTTP 403: the token lacks the scope for this endpoint."""


class BadRequest(CoreAPIError):
    """HTTP 422 or an unknown route: we asked wrongly."""


class NoSuchProfile(CoreAPIError):
    """HTTP 200 with `user: null`: one vote for "missing", not proof."""


class PrivateProfile(CoreAPIError):
    """The provider says that the profile is private."""


class NotAvailable(CoreAPIError):
    """The generic 400, or a failure inside a 200: counts as missed, never as gone."""


class UnexpectedPayload(CoreAPIError):
    """JSON of a shape that we do not know.

    `path` names the place, such as `posts[3].taken_at`; `raw` keeps the item, untouched.
    """

    def __init__(self, message: str, *, path: str = "", raw: object = None) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.raw = raw
