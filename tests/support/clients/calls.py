"""Calls an archive through the generated client, and prints what the answers say, as JSON.

It runs as a process of its own, because only a test makes the package.
"""

from __future__ import annotations

import json
import sys
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from instarchiver_client import AuthenticatedClient, Client
from instarchiver_client.api.authentication import (
    authentication_login_create,
    authentication_me_retrieve,
)
from instarchiver_client.api.changes import instagram_changes_list
from instarchiver_client.api.highlights import instagram_highlights_list
from instarchiver_client.api.posts import instagram_posts_list, instagram_posts_retrieve
from instarchiver_client.api.runs import instagram_runs_list
from instarchiver_client.api.statistic import instagram_statistic_retrieve
from instarchiver_client.api.stories import instagram_stories_list
from instarchiver_client.api.users import (
    instagram_users_create,
    instagram_users_list,
    instagram_users_retrieve,
)
from instarchiver_client.models import (
    Account,
    AddedUser,
    Error,
    NewUserRequest,
    PaginatedChangeList,
    PaginatedHighlightList,
    PaginatedPostList,
    PaginatedRunInListList,
    PaginatedStoryList,
    PaginatedUserList,
    SignInRequest,
    Statistic,
    TokenPair,
    UserDetail,
)
from instarchiver_client.types import UNSET, Unset

origin, key, email, password = sys.argv[1:]
anonymous = Client(base_url=origin)
client = AuthenticatedClient(base_url=origin, token=key)
Answer = TypeVar("Answer")


def given(answer: object, kind: type[Answer]) -> Answer:
    """The answer, which must be of this kind."""
    if not isinstance(answer, kind):
        raise TypeError(f"{kind.__name__} expected, not {answer}")
    return answer


def signed_in() -> str:
    body = SignInRequest(email=email, password=password)
    pair = given(authentication_login_create.sync(client=anonymous, body=body), TokenPair)
    own = AuthenticatedClient(base_url=origin, token=pair.access)
    address: str = given(authentication_me_retrieve.sync(client=own), Account).email
    return address


def profile() -> tuple[str, int]:
    page = given(instagram_users_list.sync(client=anonymous), PaginatedUserList)
    uuid = page.results[0].uuid
    user = given(instagram_users_retrieve.sync(uuid, client=client), UserDetail)
    return user.username, user.follower_count


def posts(cursor: str | Unset = UNSET) -> PaginatedPostList:
    page = instagram_posts_list.sync(client=client, page_size=1, cursor=cursor)
    return given(page, PaginatedPostList)


def pages() -> list[str]:
    first = posts()
    [cursor] = parse_qs(urlsplit(first.next_ or "").query)["cursor"]
    return [post.id for post in (*first.results, *posts(cursor).results)]


def stories() -> list[str]:
    page = given(instagram_stories_list.sync(client=client), PaginatedStoryList)
    return [story.story_id for story in page.results]


def highlights() -> list[str]:
    page = given(instagram_highlights_list.sync(client=client), PaginatedHighlightList)
    return [highlight.title for highlight in page.results]


def changes() -> list[dict[str, object]]:
    page = given(instagram_changes_list.sync(client=client), PaginatedChangeList)
    return [change.fields.to_dict() for change in page.results]


def added() -> tuple[int, str]:
    body = NewUserRequest(username="new.profile")
    answer = instagram_users_create.sync_detailed(client=client, body=body)
    return answer.status_code.value, given(answer.parsed, AddedUser).run.state.value


def runs() -> list[str]:
    page = given(instagram_runs_list.sync(client=client), PaginatedRunInListList)
    return [run.user.username for run in page.results]


def statistic() -> dict[str, object]:
    answer = given(instagram_statistic_retrieve.sync(client=client), Statistic)
    counts: dict[str, object] = answer.to_dict()
    return counts


def missing() -> tuple[int, str | Unset]:
    answer = instagram_posts_retrieve.sync_detailed("1", client=client)
    return answer.status_code.value, given(answer.parsed, Error).detail


found = {
    "email": signed_in(),
    "profile": profile(),
    "posts": pages(),
    "stories": stories(),
    "highlights": highlights(),
    "changes": changes(),
    "added": added(),
    "runs": runs(),
    "statistic": statistic(),
    "missing": missing(),
}
sys.stdout.write(json.dumps(found))
