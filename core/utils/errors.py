"""What can go wrong between us and the Core API; each class is a decision for the caller.

CoreAPIError
├── NotConfigured        tell staff; no retry
├── Transient            retry with backoff
│   └── RateLimited      retry, not before `retry_after` seconds
├── NotAllowedNow        put the work off for `retry_after` seconds; nothing was sent
│   ├── BudgetExhausted  until the day ends or the cap moves
│   ├── CallsStopped     until staff lets calls through again
│   └── NoFreeSlot       until the pace of calls that is kept to allows one more
├── Unauthorized         stop all calls to the provider, raise one alarm
├── NoCredit             stop all calls to the provider, raise one alarm
├── Forbidden            stop this endpoint of the provider, raise one alarm
├── BadRequest           our fault: alarm, no retry
├── NoSuchProfile        the provider says so: one vote for "missing"
├── PrivateProfile       the provider says so
├── Erased               it was erased on request: store nothing of it
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
    """Worth another try: timeout, connection, 5xx, no JSON, no envelope, a CDN block page.

    `retry_after` is the pause that the provider asked for in seconds, None where it named none.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """HTTP 429."""


class NotAllowedNow(CoreAPIError):
    """Nothing was sent, and nothing failed: we hold the call back ourselves.

    `retry_after` is the pause in seconds after which asking again makes sense.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BudgetExhausted(NotAllowedNow):
    """The call would exceed a cap on the cost of a day; the next day begins after `retry_after`."""


class CallsStopped(NotAllowedNow):
    """Staff stopped all calls, or an open alarm stops those to the provider."""


class NoFreeSlot(NotAllowedNow):
    """Others take all the calls that the pace allows, or the provider asked everybody to pause."""


class Unauthorized(CoreAPIError):
    """HTTP 401: the token is missing, wrong or expired. No call can succeed until it changes."""


class NoCredit(CoreAPIError):
    """HTTP 402, or 403 with a balance text: the account must be charged first."""


class Forbidden(CoreAPIError):
    """HTTP 403: the token lacks the scope for this endpoint."""


class BadRequest(CoreAPIError):
    """HTTP 422, an unknown route or a redirect: we asked wrongly, or in the wrong place."""


class NoSuchProfile(CoreAPIError):
    """HTTP 200 with `user: null`: one vote for "missing", not proof."""


class PrivateProfile(CoreAPIError):
    """The provider says that the profile is private."""


class Erased(CoreAPIError):
    """The answer is about a profile that was erased on request. `digest` is that of its id."""

    def __init__(self, message: str, *, digest: str) -> None:
        super().__init__(message)
        self.digest = digest


class NotAvailable(CoreAPIError):
    """The generic 400, or a failure inside a 200: counts as missed, never as gone."""


class UnexpectedPayload(CoreAPIError):
    """JSON of a shape that we do not know.

    `path` names the place, such as `posts[3].taken_at`; `raw` keeps the item, untouched; `item_id`
    is its Instagram id, empty where not even that is known.
    """

    def __init__(
        self, message: str, *, path: str = "", raw: object = None, item_id: str = ""
    ) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.raw = raw
        self.item_id = item_id


class ItemsUnreadable(UnexpectedPayload):
    """A list was read to its end, but not every item of it could be."""
