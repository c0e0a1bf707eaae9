"""Reads profiles of all families."""

from collections.abc import Iterator

from core import texts
from instagram.archiving.parse import media, owners, unwrap, values
from instagram.archiving.records import ProfileRecord, Raw

_MAX_LINKS = 50  # Instagram allows 5


def profile(payload: object) -> ProfileRecord:
    """The profile. Raises NoSuchProfile if the answer's `user` is null."""
    found = unwrap.layers(payload)
    for user in found:
        instagram_id = owners.account_id(user)
        username = values.username(user.get("username"))
        if instagram_id and username:
            return _record(user, instagram_id, username)
    unwrap.refuse_unknown_profile(found)
    raise unwrap.unrecognised("profile", found)


def _record(user: Raw, instagram_id: str, username: str) -> ProfileRecord:
    picture = media.largest(_pictures(user))
    return ProfileRecord(
        instagram_id=instagram_id,
        username=username,
        full_name=values.display_name(user.get("full_name")),
        biography=values.bounded(user.get("biography"), texts.BIOGRAPHY),
        is_private=values.flag(user.get("is_private")),
        is_verified=values.flag(user.get("is_verified")),
        external_url=_external_url(user),
        bio_links=_bio_links(user),
        follower_count=_count(user, "follower_count", "edge_followed_by"),
        following_count=_count(user, "following_count", "edge_follow"),
        media_count=_count(user, "media_count", "edge_owner_to_timeline_media"),
        picture_url=values.url(picture.url) if picture else None,
        raw=user,
    )


def _external_url(user: Raw) -> str | None:
    """The link, "" if the profile has none, None if the answer leaves it out."""
    if "external_url" not in user:
        return None
    return values.url(user["external_url"]) if user["external_url"] else ""


def _bio_links(user: Raw) -> tuple[str, ...] | None:
    links = user.get("bio_links")
    if not isinstance(links, list):
        return None
    addresses = (values.url(values.mapping(link).get("url")) for link in links[:_MAX_LINKS])
    return tuple(address for address in addresses if address)


def _count(user: Raw, key: str, edge: str) -> int | None:
    edge_count = values.mapping(user.get(edge)).get("count")
    return values.first(values.count(user.get(key)), values.count(edge_count))


def _pictures(user: Raw) -> Iterator[media.Candidate]:
    yield from media.candidates([user.get("hd_profile_pic_url_info")])
    yield from media.candidates(user.get("hd_profile_pic_versions"))
    yield media.Candidate(user.get("profile_pic_url_hd"), None, None, rank=1)
    yield media.Candidate(user.get("profile_pic_url"), None, None, rank=2)
